internal import CCrypto

/// A Lua script that runs inside Redis, called by its digest.
public struct RedisScript: Sendable {
    /// The name of the script in logs and metrics.
    public let name: String
    public let source: String
    /// SHA-1 of the text in lower-case hexadecimal.
    public let sha: String
    /// The same script as it runs in a cluster, if its text is another one there.
    private let clusterForm: [RedisScript]

    /// The script as it runs in a cluster.
    public var onCluster: RedisScript { clusterForm.first ?? self }

    /// A script by its text, and by the text that it has in a cluster if that is another one.
    public init(name: String, source: String, onCluster: String? = nil) {
        self.name = name
        self.source = source
        sha = SHA1.hex(of: source)
        clusterForm = onCluster.map { [RedisScript(name: name, source: $0)] } ?? []
    }
}

/// SHA-1 (RFC 3174). Redis identifies a script by it. Not for security.
enum SHA1 {
    /// The digest of a text's UTF-8 in lower-case hexadecimal. If OpenSSL has no SHA-1 it is empty, which identifies no script.
    static func hex(of text: String) -> String {
        var text = text
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(CCRYPTO_SHA1_LENGTH) + 1) { digest in
            let isKnown = text.withUTF8 { ccrypto_sha1($0.baseAddress, $0.count, digest.baseAddress) }
            return isKnown ? String(cString: digest.baseAddress!) : ""
        }
    }
}
