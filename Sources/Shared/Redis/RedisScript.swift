/// A Lua script that runs inside Redis, called by its digest.
public struct RedisScript: Sendable {
    /// What it is called in logs and metrics.
    public let name: String
    /// The Lua text.
    public let source: String
    /// SHA-1 of the text in lower-case hexadecimal.
    public let sha: String

    /// A script by its text.
    public init(name: String, source: String) {
        self.name = name
        self.source = source
        sha = SHA1.hex(of: source)
    }
}
