public import Configuration

/// Limits of a server. Deadlines are accurate to about 100 ms.
public struct HTTPServerOptions: Sendable {
    /// Bytes of a request's body; a longer body is answered with 413. 16 KiB.
    public var bodyLimit = 16 * 1024
    /// Bytes of a request's line and headers; more is answered with 431 (a longer line with 414). 8 KiB.
    public var headLimit = 8 * 1024
    /// Header fields of a request; more is answered with 431. 64.
    public var headerLimit = 64
    /// Bytes that are kept free for the head of an answer, whatever the request needs. 3 KiB.
    public var answerRoom = 3 * 1024
    /// The time from the first byte of a request, or from a new connection, until its head is complete; then it is answered with 408. 10 s.
    public var headDeadline: Duration = .seconds(10)
    /// The time from then until the last byte of the body; then it is answered with 408. 10 s.
    public var bodyDeadline: Duration = .seconds(10)
    /// Bytes a second that a client has to send of a body, and to take of what waits for it; a slower one is cut off. Nil for no limit. 1 KiB.
    public var minDrainRate: Int? = 1024
    /// How long a client is watched before it counts as too slow. A shorter time would judge the size of one packet. 5 s.
    public var drainWindow: Duration = .seconds(5)
    /// How long a handler may take; then the answer is 503, and the handler's task is cancelled. 10 s.
    public var handlerDeadline: Duration = .seconds(10)
    /// How long a client may take to read an answer; for a stream, to take the next of the waiting bytes. 30 s.
    public var responseDeadline: Duration = .seconds(30)
    /// How long a connection is kept for the next request. 75 s.
    public var keepAlive: Duration = .seconds(75)
    /// Connections, including WebSockets; further ones wait in the kernel's queue. 16,000.
    public var maxConnections = 16_000
    /// WebSockets and streams; further ones are refused, so that connections are left for everything else, above all `/health/live`. 15,000.
    public var maxSockets = 15_000
    /// Connections of one address, WebSockets included; further ones are closed with 503. Nil for no limit, as it is.
    public var connectionsPerAddress: Int?
    /// WebSockets and streams of one client's address; further ones get 429. Nil for no limit, as it is.
    public var socketsPerAddress: Int?
    /// The proxies that name the client of a request, and whose connections are not counted by address. The machine's own addresses.
    public var trustedProxies = AddressList.loopback
    /// Bytes that wait for all WebSockets and streams; over it those with the most are closed as too slow. Nil for no limit. 256 MiB.
    public var queuedBytes: Int? = 256 << 20
    /// Connections that wait in the kernel to be accepted. 4,096.
    public var backlog = 4096
    /// Which pages of other origins may use the server. Any.
    public var crossOrigin = CrossOrigin.any
    /// Limits of WebSockets.
    public var webSocket = WebSocketOptions()

    /// The default limits, as documented at each.
    public init() {}

    /// Keeps the connections below the number of descriptors that the process may open, and the sockets below the connections.
    ///
    /// A quarter of the descriptors, at most 512, stays for Redis, Postgres, the venues and files. A tenth of the connections, at most 1,000, is not
    /// for sockets.
    public mutating func fit(descriptors: Int) {
        maxConnections = max(1, min(maxConnections, descriptors - min(descriptors / 4, 512)))
        maxSockets = max(1, min(maxSockets, maxConnections - min(maxConnections / 10, 1000)))
    }
}
