/// The address of Redis: `redis://[[user][:password]@]host[:port][/database]`, with percent escapes in user and password. An empty password counts as
/// none. The user `default` without a password counts as no user.
public struct RedisURL: Sendable, Equatable, CustomStringConvertible {
    /// A name or an address. An IPv6 address has no brackets here.
    public let host: String
    /// 6379 if the URL has no port.
    public let port: Int
    /// The ACL user; nil for the default one.
    public let user: String?
    /// The password; nil for none.
    public let password: Secret?
    /// The number of the database; 0 if the URL has none.
    public let database: Int

    /// Nil if `text` is no such URL.
    public init?(_ text: String) {
        let scheme = "redis://"
        guard text.hasPrefix(scheme), text.utf8.allSatisfy({ 0x21...0x7E ~= $0 && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") })
        else { return nil }
        var rest = text.dropFirst(scheme.count)
        var user: String?
        var password: Secret?
        if let at = rest.lastIndex(of: "@") {
            let login = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentEncoding.decode(login[0]), let secret = PercentEncoding.decode(login.count == 2 ? login[1] : "") else {
                return nil
            }
            password = secret.isEmpty ? nil : Secret(secret)
            user = name.isEmpty || name == "default" && password == nil ? nil : name
            rest = rest[rest.index(after: at)...]
        }
        var database = 0
        if let slash = rest.firstIndex(of: "/") {
            let number = rest[rest.index(after: slash)...]
            guard number.isEmpty || WholeNumber.digits(number).map({ $0 < 1024 }) == true else { return nil }
            database = WholeNumber.digits(number) ?? 0
            rest = rest[..<slash]
        }
        guard let (host, port) = Self.address(rest) else { return nil }
        self.host = host
        self.port = port
        self.user = user
        self.password = password
        self.database = database
    }

    /// The URL without user and password. Safe to log.
    public var description: String { "redis://\(host.contains(":") ? "[\(host)]" : host):\(port)/\(database)" }

    private static func address(_ text: Substring) -> (host: String, port: Int)? {
        var host = text
        var port = 6379
        let isBracketed = text.hasPrefix("[")
        if let colon = text.lastIndex(of: ":"), !(isBracketed && text.hasSuffix("]")) {
            guard let number = WholeNumber.digits(text[text.index(after: colon)...]), 1...65535 ~= number else { return nil }
            port = number
            host = text[..<colon]
        }
        if isBracketed {
            guard host.hasSuffix("]") else { return nil }
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        return host.isEmpty ? nil : (String(host), port)
    }
}
