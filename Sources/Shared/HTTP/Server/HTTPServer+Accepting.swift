internal import CMicrohttpd
internal import EventLoop
internal import Glibc

/// The listening socket of a server, and the handle that tells when clients wait at it.
@ServiceActor
struct Listener {
    let descriptor: Int32
    let poll: PollHandle

    init(_ socket: ListeningSocket) throws(LoopError) {
        descriptor = socket.descriptor
        poll = try PollHandle(descriptor: descriptor)
    }

    func close() {
        poll.close()
        Glibc.close(descriptor)
    }
}

// The daemon could accept connections by itself. But it knows only the connections that it holds, and so not the WebSockets, which count too.

extension HTTPServer {
    /// How many connections are accepted in one go, so that a rush of clients leaves time for the others.
    private static let acceptLimit = 10

    /// Accepts clients that wait. Returns whether more may wait.
    @discardableResult
    func accept() -> Bool {
        guard let daemon, let listener else { return false }
        for _ in 0..<Self.acceptLimit {
            guard connections < options.maxConnections else { return pauseAccepting() }
            switch cmhd_accept(daemon, listener.descriptor) {
            case CMHD_ACCEPTED: continue
            case CMHD_NONE_WAITS: return false
            default: return pauseAccepting()
            }
        }
        return true
    }

    /// Lets clients wait in the kernel's queue. At the end of a connection, and with each sweep, it is seen whether there is room for them.
    private func pauseAccepting() -> Bool {
        listener?.poll.update([])
        return false
    }

    /// Accepts clients again if there is room.
    func acceptAgain() { if let listener, connections < options.maxConnections { listener.poll.update(.readable) } }
}
