/// Limits of WebSockets.
public struct WebSocketOptions: Sendable {
    /// Messages that may wait for a slow client; one more closes the socket with 4408. 64.
    public var queuedMessages = 64
    /// Bytes that may wait for a slow client; more closes the socket with 4408. 256 KiB.
    public var queuedBytes = 256 * 1024
    /// Bytes of one message of the client with all its fragments; more closes the socket with 1009. 4 KiB.
    public var messageBytes = 4096
    /// Messages of the client that may wait for `receive`; more closes the socket with 1008. 1,024.
    public var unreadMessages = 1024
    /// Bytes of the client's messages that may wait for `receive`; more closes the socket with 1008. 128 KiB.
    public var unreadBytes = 128 * 1024
    /// Frames of the client, including pings, within about a second; more closes the socket with 1008. 2,000.
    public var framesPerSecond = 2000
    /// Whole messages of the client within about a second; more closes the socket with 1008. Nil for no limit, as it is.
    public var messagesPerSecond: Int?
    /// The time between two pings. 20 s.
    public var pingInterval: Duration = .seconds(20)
    /// How long a client may be silent, with pongs counted as signs of life; then the socket is closed with 1001. 60 s.
    public var idleTimeout: Duration = .seconds(60)
    /// How long the client may take no byte while some wait; then the connection is cut. 5 s.
    public var writeDeadline: Duration = .seconds(5)
    /// How long the client may take to end the connection after the close frame. 2 s.
    public var lingering: Duration = .seconds(2)

    /// The default limits, as documented at each.
    public init() {}
}
