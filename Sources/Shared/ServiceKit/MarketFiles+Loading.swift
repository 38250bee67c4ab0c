public import Configuration
public import Markets
public import Orders

extension MarketFiles {
    /// Reads the lists of tokens and pools that the settings name. Throws `StartError` with every mistake.
    public static func load(_ files: MarketFiles) throws(StartError) -> (tokens: TokenList, pools: PoolList) {
        let tokenBytes = try ConfigurationFile.read(files.tokens, setting: "TOKENS_FILE")
        let poolBytes = try ConfigurationFile.read(files.pools, setting: "POOLS_FILE")
        let tokens: TokenList
        do {
            tokens = try TokenList(bytes: tokenBytes)
        } catch {
            throw StartError("TOKENS_FILE \(files.tokens): \(error)")
        }
        do {
            return (tokens, try PoolList(bytes: poolBytes, tokens: tokens))
        } catch {
            throw StartError("POOLS_FILE \(files.pools): \(error)")
        }
    }
}
