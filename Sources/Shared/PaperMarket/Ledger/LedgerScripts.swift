internal import Pipeline

/// The scripts of the ledger, from the `.lua` files in the folder `Lua`.
enum LedgerScripts {
    static let send = Scripts.script("send", PackageResources.send_lua, with: .many)
    static let status = Scripts.script("status", PackageResources.status_lua, with: .many)
    static let prune = Scripts.script("prune", PackageResources.prune_lua, with: .orders)
}

extension Keys {
    /// The stream of all transactions that landed, as long as the ledger is kept. Audits read it.
    var landed: String { chain("landed") }
    /// Transactions that wait to land or fail, by the time when they do.
    var due: String { chain("due") }
    /// Transactions by the last slot in which they may land.
    var expiring: String { chain("expiring") }
    /// The flow of each pool: what swaps that will land have put into it, from the moment when the chain takes them.
    var market: String { chain("market") }
    /// The prefix of the key of every transaction.
    var transactionPrefix: String { chain("tx:") }
    /// The record of a transaction.
    func transaction(_ signature: String) -> String { transactionPrefix + signature }
}
