/// Limits of WebSockets.
public struct WebSocketOptions: Sendable {
    /// Messages that may wait for a slow reader; one more closes it with 4408. 64.
    public var queuedMessages = 64
    /// Bytes that may wait for a slow reader; more closes it with 4408. 256 KiB.
    public var queuedBytes = 256 * 1024
    /// Bytes of one message of the client, all its fragments together; more is 1009. 4 KiB.
    public var messageBytes = 4096
    /// Messages of the client that may wait for `receive`; more is 1008. 1,024.
    public var unreadMessages = 1024
    /// Bytes of the client's messages that may wait for `receive`; more is 1008. 128 KiB.
    public var unreadBytes = 128 * 1024
    /// Frames of the client, pings included, within about a second; more is 1008. 2,000.
    public var framesPerSecond = 2000
    /// Between two pings. 20 s.
    public var pingInterval: Duration = .seconds(20)
    /// How long a client may be silent, pongs counted; then it is closed with 1001. 60 s.
    public var idleTimeout: Duration = .seconds(60)
    /// How long the client's side may take no byte while some wait; then the connection is cut. 5 s.
    public var writeDeadline: Duration = .seconds(5)
    /// How long after the close frame the client may take to end the connection. 2 s.
    public var lingering: Duration = .seconds(2)

    /// The limits named at each setting.
    public init() {}
}
