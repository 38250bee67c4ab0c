/// The address of Redis, with percent escapes in user, password and path:
///
/// - `redis://[[user][:password]@]host[:port][/database]`
/// - `rediss://…`, the same by TLS
/// - `redis+unix://[[user][:password]@]/path[?db=database]`, a Unix socket
/// - `redis+sentinel://[[user][:password]@]host[:port][,host[:port]…]/name[/database]`, the master that Sentinels know by this name, with its login;
///   `rediss+sentinel://…` is TLS to the Sentinels and to the master
/// - `redis+cluster://[[user][:password]@]host[:port][,host[:port]…]`, a Redis Cluster that has these nodes among others, with the same login at
///   each; `rediss+cluster://…` is TLS to all of them
///
/// An empty password counts as none. The user `default` without a password counts as no user.
public struct RedisURL: Sendable, Equatable, CustomStringConvertible {
    /// Where a server listens.
    public enum Place: Sendable, Equatable {
        /// A name or an address, which has no brackets here; and the port, 6379 if the URL has none.
        case host(Host)
        /// The path of a Unix socket.
        case socket(path: String)
        /// Where Sentinels listen, by default at port 26379, and the name by which they know the master.
        case sentinels([Host], name: String)
        /// Where some nodes of a Redis Cluster listen. They tell where the others are.
        case cluster([Host])
    }

    /// A name or an address without brackets, and a port.
    public struct Host: Sendable, Hashable, CustomStringConvertible {
        public let name: String
        public let port: UInt16

        public init(_ name: String, port: UInt16) { (self.name, self.port) = (name, port) }

        /// As in a URL.
        public var description: String { (name.contains(":") ? "[\(name)]" : name) + ":\(port)" }
    }

    /// How many Sentinels or nodes of a cluster a URL may name.
    public static let maxHosts = 16

    public let place: Place
    /// Whether the connection is by TLS.
    public let isSecure: Bool
    /// The ACL user; nil for the default one.
    public let user: String?
    /// The password; nil for none.
    public let password: Secret?
    /// The number of the database; 0 if the URL has none.
    public let database: Int

    /// Nil if `text` is no such URL.
    public init?(_ text: String) {
        guard let scheme = Scheme.allCases.first(where: { text.hasPrefix($0.prefix) }),
            text.utf8.allSatisfy({ 0x21...0x7E ~= $0 && $0 != UInt8(ascii: "#") })
        else { return nil }
        let rest = text.dropFirst(scheme.prefix.count)
        let (login, target) = Self.split(rest)
        guard let (user, password) = Self.login(login), let (place, database) = scheme.place(target) else { return nil }
        (self.place, self.database, isSecure) = (place, database, scheme.isSecure)
        (self.user, self.password) = (user, password)
    }

    /// The URL of one of the Sentinels of this URL, without a login.
    public func sentinel(_ host: Host) -> RedisURL { RedisURL(host, isSecure: isSecure, login: (nil, nil)) }

    /// The URL of a node of the cluster of this URL.
    public func node(_ host: Host) -> RedisURL { RedisURL(host, isSecure: isSecure, login: (user, password)) }

    private init(_ host: Host, isSecure: Bool, login: (user: String?, password: Secret?)) {
        (place, self.isSecure, user, password, database) = (.host(host), isSecure, login.user, login.password, 0)
    }

    /// The URL without user and password. Safe to log.
    public var description: String {
        switch place {
        case .host(let host): "\((isSecure ? Scheme.tls : .plain).prefix)\(host)/\(database)"
        case .socket(let path): "\(Scheme.unix.prefix)\(PercentEncoding.encode(path: path))?db=\(database)"
        case .sentinels(let hosts, let name):
            "\((isSecure ? Scheme.sentinelTLS : .sentinel).prefix)\(hosts.map(\.description).joined(separator: ","))/"
                + "\(PercentEncoding.encode(path: name))/\(database)"
        case .cluster(let hosts): "\((isSecure ? Scheme.clusterTLS : .cluster).prefix)\(hosts.map(\.description).joined(separator: ","))"
        }
    }

    private enum Scheme: String, CaseIterable {
        case plain = "redis"
        case tls = "rediss"
        case unix = "redis+unix"
        case sentinel = "redis+sentinel"
        case sentinelTLS = "rediss+sentinel"
        case cluster = "redis+cluster"
        case clusterTLS = "rediss+cluster"

        var prefix: String { rawValue + "://" }
        var isSecure: Bool { [.tls, .sentinelTLS, .clusterTLS].contains(self) }

        /// What the URL's part after the login names.
        func place(_ text: Substring) -> (Place, database: Int)? {
            switch self {
            case .plain, .tls: RedisURL.host(text)
            case .unix: RedisURL.socket(text)
            case .sentinel, .sentinelTLS: RedisURL.sentinels(text)
            case .cluster, .clusterTLS: RedisURL.cluster(text)
            }
        }
    }

    // MARK: Parts

    private static func split(_ text: Substring) -> (login: Substring, target: Substring) {
        guard let at = text.lastIndex(of: "@") else { return ("", text) }
        return (text[..<at], text[text.index(after: at)...])
    }

    private static func login(_ text: Substring) -> (user: String?, password: Secret?)? {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = PercentEncoding.decode(parts[0]), let secret = PercentEncoding.decode(parts.count == 2 ? parts[1] : "") else { return nil }
        let password = secret.isEmpty ? nil : Secret(secret)
        return (name.isEmpty || name == "default" && password == nil ? nil : name, password)
    }

    private static func host(_ text: Substring) -> (Place, database: Int)? {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let host = address(parts[0], port: 6379), let database = database(parts.count == 2 ? parts[1] : "") else { return nil }
        return (.host(host), database)
    }

    private static func sentinels(_ text: Substring) -> (Place, database: Int)? {
        let parts = text.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, let name = PercentEncoding.decode(parts[1]), !name.isEmpty, !name.contains("/") else { return nil }
        guard let hosts = addresses(parts[0], port: 26379) else { return nil }
        return database(parts.count == 3 ? parts[2] : "").map { (.sentinels(hosts, name: name), $0) }
    }

    /// A cluster has one database, number 0.
    private static func cluster(_ text: Substring) -> (Place, database: Int)? {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let hosts = addresses(parts[0], port: 6379), parts.count == 1 || ["", "0"].contains(parts[1]) else { return nil }
        return (.cluster(hosts), 0)
    }

    private static func socket(_ text: Substring) -> (Place, database: Int)? {
        let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        // The kernel takes no longer path.
        guard let path = PercentEncoding.decode(parts[0]), path.hasPrefix("/"), path.utf8.count < 108 else { return nil }
        guard parts.count == 1 || parts[1].hasPrefix("db=") else { return nil }
        return database(parts.count == 1 ? "" : parts[1].dropFirst(3)).map { (.socket(path: path), $0) }
    }

    private static func database(_ text: Substring) -> Int? { text.isEmpty ? 0 : WholeNumber.digits(text).flatMap { $0 < 1024 ? $0 : nil } }

    private static func addresses(_ text: Substring, port usual: UInt16) -> [Host]? {
        let hosts = text.split(separator: ",", omittingEmptySubsequences: false).map { address($0, port: usual) }
        let known = hosts.compactMap(\.self)
        return known.count == hosts.count && known.count <= maxHosts ? known : nil
    }

    private static func address(_ text: Substring, port usual: UInt16) -> Host? {
        var host = text
        var port = usual
        let isBracketed = text.hasPrefix("[")
        if let colon = text.lastIndex(of: ":"), !(isBracketed && text.hasSuffix("]")) {
            guard let number = WholeNumber.digits(text[text.index(after: colon)...]), 1...65535 ~= number else { return nil }
            port = UInt16(number)
            host = text[..<colon]
        }
        if isBracketed {
            guard host.hasSuffix("]") else { return nil }
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        return host.isEmpty || host.contains("?") ? nil : Host(String(host), port: port)
    }
}
