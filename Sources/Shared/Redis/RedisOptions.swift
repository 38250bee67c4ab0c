public import Configuration
internal import EventLoop

/// The settings of a connection to Redis.
public struct RedisOptions: Sendable {
    /// The files of TLS, for a URL that asks for it.
    public var tls = RedisTLS()
    /// The time limit for each of: finding the host, connecting, the greeting. 2 s.
    public var connectTimeout: Duration = .seconds(2)
    /// The time limit for a command that has none of its own. If the link is silent for half a second more, it is dropped. 3 s.
    public var commandTimeout: Duration = .seconds(3)
    /// The maximum number of commands without a reply. Further commands are refused. 10,000.
    public var maxInFlight = 10_000
    /// The first wait before connecting again. It doubles with each failure, less up to a half at random. 50 ms.
    public var minBackoff: Duration = .milliseconds(50)
    /// The maximum wait before connecting again. 2 s.
    public var maxBackoff: Duration = .seconds(2)
    /// The silence after which the link is checked. 1 s.
    public var pingInterval: Duration = .seconds(1)

    public init() {}

    /// Throws if a file of TLS cannot be used.
    @ServiceActor public func check() throws(RedisError) { _ = try TLSContext.with(tls) }
}
