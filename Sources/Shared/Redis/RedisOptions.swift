/// How a connection to Redis is kept.
public struct RedisOptions: Sendable {
    /// Limit for finding the host, for connecting and for the greeting, each. 2 s.
    public var connectTimeout: Duration = .seconds(2)
    /// Limit for a command that has none of its own. A link that gives nothing for half a second more is dropped. 3 s.
    public var commandTimeout: Duration = .seconds(3)
    /// Commands without a reply, at most; beyond it they are refused. 10,000.
    public var maxInFlight = 10_000
    /// First pause before connecting again; it doubles with each failure, less up to a half at random. 50 ms.
    public var minBackoff: Duration = .milliseconds(50)
    /// Longest pause before connecting again. 2 s.
    public var maxBackoff: Duration = .seconds(2)
    /// Silence after which the link is tried. 1 s.
    public var pingInterval: Duration = .seconds(1)

    /// The defaults.
    public init() {}
}
