/// Settings of a client.
public struct HTTPClientOptions: Sendable {
    /// How long a connection may take to be made, including encryption. 2 s.
    public var connectTimeout: Duration = .seconds(2)
    /// Connections to one host; further requests wait for one, within their own time. 32.
    public var connectionsPerHost = 32
    /// Connections to all hosts together. 128.
    public var connections = 128
    /// The value of `User-Agent`.
    public var userAgent = "order-execution-engine"
    /// A file of trusted certificates; nil for the system's.
    public var certificates: String?
    /// Whether the proxies of the environment (`https_proxy`, `no_proxy`) are used. On.
    public var usesEnvironmentProxy = true

    /// The default settings, as documented at each.
    public init() {}

    /// Whether a URL is on this machine, which no proxy of the environment can reach.
    public static func isLocal(_ url: String) -> Bool {
        let authority = url.drop { $0 != ":" }.dropFirst(3).prefix { $0 != "/" }
        let host = authority.hasPrefix("[") ? authority.prefix { $0 != "]" } + "]" : authority.prefix { $0 != ":" }
        return host == "localhost" || host == "[::1]" || host.hasPrefix("127.")
    }
}
