/// A limit of a server that keeps clients out.
public enum HTTPServerLimit: String, Sendable, CaseIterable {
    /// A WebSocket or a stream was refused, because there are as many as allowed.
    case sockets
    /// A connection was closed, because its address has as many as allowed.
    case addressConnections = "address_connections"
    /// A WebSocket or a stream was refused, because its client has as many as allowed.
    case clientSockets = "client_sockets"
    /// A client was cut off, because it sent a body or took an answer too slowly.
    case drainRate = "drain_rate"
    /// A WebSocket was closed, because it sent too many messages in a second.
    case socketMessages = "socket_messages"
    /// WebSockets and streams were closed, because too many bytes waited for all of them.
    case queuedBytes = "queued_bytes"
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
