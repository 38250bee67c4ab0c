internal import Pipeline

/// The scripts of the ledger, from the `.lua` files beside this one.
enum LedgerScripts {
    static let send = Scripts.script("send", PackageResources.send_lua)
    static let status = Scripts.script("status", PackageResources.status_lua)
    static let prune = Scripts.script("prune", PackageResources.prune_lua, with: .orders)
}

extension Keys {
    /// Every transaction that landed, as a stream: what audits read.
    var landed: String { chain("landed") }
    /// Transactions whose outcome is due at a time.
    var due: String { chain("due") }
    /// Transactions by the last slot in which they may land.
    var expiring: String { chain("expiring") }
    /// What the swaps that landed have put into each pool.
    var market: String { chain("market") }
    /// What the key of every transaction begins with.
    var transactionPrefix: String { chain("tx:") }
    /// A transaction.
    func transaction(_ signature: String) -> String { transactionPrefix + signature }
}
