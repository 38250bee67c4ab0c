/// Settings of a client.
public struct HTTPClientOptions: Sendable {
    /// What a connection may take to be made, encryption included. 2 s.
    public var connectTimeout: Duration = .seconds(2)
    /// Connections to one host; further requests wait for one, within their own time. 32.
    public var connectionsPerHost = 32
    /// Connections in all. 128.
    public var connections = 128
    /// What the client calls itself.
    public var userAgent = "order-execution-engine"
    /// A file of trusted certificates; nil for those of the system.
    public var certificates: String?
    /// Whether the proxies of the environment (`https_proxy`, `no_proxy`) are used. On.
    public var usesEnvironmentProxy = true

    /// The settings named at each.
    public init() {}

    /// Whether a URL is of this machine, which no proxy of the environment can reach.
    public static func isLocal(_ url: String) -> Bool {
        let authority = url.drop { $0 != ":" }.dropFirst(3).prefix { $0 != "/" }
        let host = authority.hasPrefix("[") ? authority.prefix { $0 != "]" } + "]" : authority.prefix { $0 != ":" }
        return host == "localhost" || host == "[::1]" || host.hasPrefix("127.")
    }
}
