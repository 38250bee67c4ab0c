/// A limit of a server that keeps clients out.
public enum HTTPServerLimit: String, Sendable {
    /// A WebSocket or a stream of events was answered 503, because there are as many as there may be.
    case sockets
    /// New connections wait in the kernel until one of the open ones ends.
    case connections
}

extension HTTPServer {
    /// Whether one more WebSocket or stream would be one too many.
    var isFullOfSockets: Bool { webSockets + streams >= options.maxSockets }

    /// Whether few connections are left: each is then closed after its answer, so that the next client gets its turn.
    var isCrowded: Bool { connections > options.maxConnections - max(1, options.maxConnections / 20) }

    /// The answer to a socket that is one too many.
    func refuseSocket() -> Problem {
        router.onLimit?(.sockets)
        return .tooManySockets
    }
}
