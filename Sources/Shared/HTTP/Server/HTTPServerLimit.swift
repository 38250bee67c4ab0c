/// A limit of a server that keeps clients out.
public enum HTTPServerLimit: String, Sendable {
    /// A WebSocket or a stream was refused, because there are as many as allowed.
    case sockets
    /// New connections wait in the kernel until one of the open ones ends.
    case connections
}

extension HTTPServer {
    /// Whether there are as many WebSockets and streams as allowed.
    var isFullOfSockets: Bool { webSockets + streams >= options.maxSockets }

    /// Whether few connections are left. Each connection is then closed after its answer, so that the next client gets its turn.
    var isCrowded: Bool { connections > options.maxConnections - max(1, options.maxConnections / 20) }

    /// The answer to a socket beyond the limit.
    func refuseSocket() -> Problem {
        router.onLimit?(.sockets)
        return .tooManySockets
    }
}
