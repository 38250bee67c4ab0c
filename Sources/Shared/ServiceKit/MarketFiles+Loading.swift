public import Configuration
public import Markets
public import Observability
public import Orders

extension MarketFiles {
    /// Reads the lists of tokens and pools in the settings. Throws `StartError` with the mistakes.
    ///
    /// - Parameter log: gets one line about the tokens that are left out.
    public static func load(_ files: MarketFiles, log: Logger? = nil) throws(StartError) -> (tokens: TokenList, pools: PoolList) {
        let tokenBytes = try ConfigurationFile.read(files.tokens, setting: "TOKENS_FILE")
        let poolBytes = try ConfigurationFile.read(files.pools, setting: "POOLS_FILE")
        let tokens: TokenList
        do {
            tokens = try TokenList(bytes: tokenBytes)
        } catch {
            throw StartError("TOKENS_FILE \(files.tokens): \(error)")
        }
        if !tokens.leftOut.isEmpty {
            log?.warning(
                "tokens.left_out",
                [
                    "file": .string(files.tokens), "taken": .integer(tokens.tokens.count), "left_out": .integer(tokens.leftOutCount),
                    "reason": .string(ListFile.first(of: tokens.leftOut)),
                ])
        }
        do {
            return (tokens, try PoolList(bytes: poolBytes, tokens: tokens))
        } catch {
            throw StartError("POOLS_FILE \(files.pools): \(error)")
        }
    }
}
