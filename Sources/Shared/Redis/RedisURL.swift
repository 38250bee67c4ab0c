/// Where a Redis is: `redis://[[user]:password@]host[:port][/database]`.
public struct RedisURL: Sendable, Equatable, CustomStringConvertible {
    /// A text that is no such URL. It says what is wrong without quoting the password.
    public struct Malformed: Error, Sendable, CustomStringConvertible {
        /// One sentence, safe to log.
        public let description: String
    }

    /// Name or address of the host, without brackets.
    public let host: String
    /// TCP port; 6379 when none is given.
    public let port: UInt16
    /// User of the access control list; nil for the default one.
    public let user: String?
    /// Password; nil when none is needed.
    public let password: String?
    /// Number of the database; 0 when none is given.
    public let database: Int

    /// A URL of checked parts.
    public init(host: String, port: UInt16, user: String?, password: String?, database: Int) {
        self.host = host
        self.port = port
        self.user = user
        self.password = password
        self.database = database
    }

    /// Parses a URL. User and password may be percent-encoded. Throws `Malformed`.
    public init(_ text: String) throws(Malformed) {
        guard text.hasPrefix("redis://") else {
            throw Malformed(description: "a Redis URL starts with redis:// (TLS is not supported)")
        }
        var rest = text.dropFirst("redis://".count)
        // A password may contain an unescaped "@", a host may not.
        if let at = rest.lastIndex(of: "@") {
            (user, password) = try Self.credentials(rest[..<at])
            rest = rest[rest.index(after: at)...]
        } else {
            (user, password) = (nil, nil)
        }
        let parts = rest.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        database = try Self.database(parts.count == 2 ? parts[1] : "")
        (host, port) = try Self.endpoint(parts[0])
    }

    /// The URL without user and password.
    public var description: String { "redis://\(endpoint)/\(database)" }

    /// Host and port.
    var endpoint: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }

    private static func credentials(_ text: Substring) throws(Malformed) -> (user: String?, password: String?) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let user = decoded(parts[0]), let password = decoded(parts[1]), !password.isEmpty else {
            throw Malformed(description: "the part of a Redis URL before @ is user:password or :password, percent-encoded")
        }
        return (user.isEmpty ? nil : user, password)
    }

    private static func endpoint(_ text: Substring) throws(Malformed) -> (String, UInt16) {
        var host = text
        var port: Substring?
        if text.first == "[", let end = text.firstIndex(of: "]") {
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            port = rest.isEmpty ? nil : rest.first == ":" ? rest.dropFirst() : "?"
        } else if let colon = text.lastIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
        }
        guard !host.isEmpty, !host.contains(" ") else { throw Malformed(description: "a Redis URL names a host") }
        guard let port else { return (String(host), 6379) }
        guard let number = UInt16(port), number > 0 else {
            throw Malformed(description: "the port of a Redis URL is a number from 1 to 65535")
        }
        return (String(host), number)
    }

    private static func database(_ text: Substring) throws(Malformed) -> Int {
        if text.isEmpty { return 0 }
        guard let number = UInt16(text) else { throw Malformed(description: "the path of a Redis URL is the number of a database") }
        return Int(number)
    }

    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(rest.prefix(2)) ?? "?", radix: 16) else { return nil }
            rest.removeFirst(2)
            bytes.append(value)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
