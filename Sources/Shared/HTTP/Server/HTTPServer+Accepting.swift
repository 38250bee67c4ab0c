internal import CMicrohttpd
internal import Configuration
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
        guard daemon != nil, let listener else { return false }
        var arrival = cmhd_arrival()
        for _ in 0..<Self.acceptLimit {
            guard connections < options.maxConnections else { return pauseAccepting() }
            switch cmhd_accept(listener.descriptor, &arrival) {
            case CMHD_ACCEPTED: admit(&arrival)
            case CMHD_NONE_WAITS: return false
            default: return pauseAccepting()
            }
        }
        return true
    }

    /// Gives an accepted connection to the daemon, or turns it away if its address has as many as it may.
    private func admit(_ arrival: inout cmhd_arrival) {
        guard arrival.descriptor >= 0 else { return }
        guard addresses.isFull(withUnsafeBytes(of: &arrival.ip) { IPAddress($0) }) else { return cmhd_add(daemon, &arrival) }
        router.onLimit?(.addressConnections)
        let text = Problem.tooManyConnections.wholeAnswer(id: requestIDs.next())
        cmhd_turn_away(arrival.descriptor, text, text.utf8.count)
    }

    /// Lets clients wait in the kernel's queue. At the end of a connection, and with each sweep, it is seen whether there is room for them.
    private func pauseAccepting() -> Bool {
        listener?.poll.update([])
        return false
    }

    /// Accepts clients again if there is room.
    func acceptAgain() { if let listener, connections < options.maxConnections { listener.poll.update(.readable) } }
}
