/// Limits of a server. Every deadline is kept to about 100 ms.
public struct HTTPServerOptions: Sendable {
    /// Bytes of a request's body; more is 413. 16 KiB.
    public var bodyLimit = 16 * 1024
    /// Bytes of a request's line and headers; more is 431 (a longer line is 414). 8 KiB.
    public var headLimit = 8 * 1024
    /// Header fields of a request; more is 431. 100.
    public var headerLimit = 100
    /// Bytes for the head of an answer, which no request can take away from it. 3 KiB.
    public var answerRoom = 3 * 1024
    /// From the first sign of a request, or of a new connection, until its last byte; later is 408. 10 s.
    public var requestDeadline: Duration = .seconds(10)
    /// What a handler may take; longer is 503, and its task is cancelled. 10 s.
    public var handlerDeadline: Duration = .seconds(10)
    /// What a client may take to read an answer; of a stream, to take the next of the bytes that wait. 30 s.
    public var responseDeadline: Duration = .seconds(30)
    /// How long a connection is kept for the next request. 75 s.
    public var keepAlive: Duration = .seconds(75)
    /// Connections, WebSockets included; further ones wait in the kernel's queue. 16,000.
    public var maxConnections = 16_000
    /// WebSockets and streams of events; further ones get 503, so that connections are left for everything else, `/health/live` first. 15,000.
    public var maxSockets = 15_000
    /// Connections of one client address; 0 for any number. Behind a proxy all clients are one. 0.
    public var maxConnectionsPerAddress = 0
    /// Connections that wait in the kernel to be accepted. 4,096.
    public var backlog = 4096
    /// Which pages of other origins may use the server. Any.
    public var crossOrigin = CrossOrigin.any
    /// Limits of WebSockets.
    public var webSocket = WebSocketOptions()

    /// The limits named at each setting.
    public init() {}

    /// Keeps the connections below what the process may have open, and the sockets below the connections.
    ///
    /// A quarter, at most 512, stays for Redis, Postgres, the venues and files; of the connections a tenth, at most 1,000, is not for sockets.
    public mutating func fit(descriptors: Int) {
        maxConnections = max(1, min(maxConnections, descriptors - min(descriptors / 4, 512)))
        maxSockets = max(1, min(maxSockets, maxConnections - min(maxConnections / 10, 1000)))
    }
}
