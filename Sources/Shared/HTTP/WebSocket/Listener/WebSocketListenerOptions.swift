/// Limits of a connection that listens.
public struct WebSocketListenerOptions: Sendable {
    /// What finding the host, connecting, and the handshake may take in all. 5 s.
    public var openingLimit: Duration = .seconds(5)
    /// How long the server may say nothing, pings counted. 30 s.
    public var silenceLimit: Duration = .seconds(30)
    /// Bytes of one message, all its fragments together; more ends the connection with 1009. 1 MiB.
    public var messageBytes = 1024 * 1024
    /// What the client calls itself.
    public var userAgent = "order-execution-engine"

    /// The limits named at each.
    public init() {}
}
