internal import EventLoop

/// The open WebSockets of a server: flushes what was queued in a turn of the loop, and looks at each now and then for pings and deadlines.
@ServiceActor
final class WebSocketRegistry {
    /// Frames on their way into one write; shared by all sockets, because each write ends before the next begins.
    var scratch: [UInt8] = []
    /// Deadlines in ticks of the sweep. It does not tick while the process is frozen or the loop is held up, so that nobody is closed for that.
    struct Deadlines {
        let ping: Int
        let idle: Int
        let write: Int
        let linger: Int
    }

    private(set) var deadlines = Deadlines(ping: 1, idle: 1, write: 1, linger: 1)
    private(set) var tick = 0
    private var sockets: [WebSocket] = []
    private var unflushed: [WebSocket] = []
    private var slices = 1
    private var slice = 0

    init() { scratch.reserveCapacity(64 * 1024) }

    func use(_ options: WebSocketOptions) {
        deadlines = Deadlines(
            ping: HTTPServer.ticks(options.pingInterval), idle: HTTPServer.ticks(options.idleTimeout),
            write: HTTPServer.ticks(options.writeDeadline), linger: HTTPServer.ticks(options.lingering))
        // Each socket is looked at once a second; more often only where a deadline is shorter than that.
        slices = max(1, min(10, min(deadlines.ping, deadlines.idle, deadlines.write, deadlines.linger) / 2))
    }

    var count: Int { sockets.count }

    var all: [WebSocket] { sockets }

    func insert(_ socket: WebSocket) {
        socket.index = sockets.count
        sockets.append(socket)
    }

    func remove(_ socket: WebSocket) {
        guard let last = sockets.popLast() else { return }
        guard last !== socket else { return }
        sockets[socket.index] = last
        last.index = socket.index
    }

    /// Has the socket flushed before the loop blocks.
    func flushLater(_ socket: WebSocket) { unflushed.append(socket) }

    func flush() {
        guard !unflushed.isEmpty else { return }
        let due = unflushed
        unflushed.removeAll(keepingCapacity: true)
        for socket in due { socket.flush() }
    }

    /// Looks at one slice of the sockets; backwards, because a socket that ends is replaced by the last one.
    func sweep() {
        tick += 1
        slice = (slice + 1) % slices
        var index = sockets.count - 1
        while index >= 0 {
            if index < sockets.count && index % slices == slice { sockets[index].sweep(tick) }
            index -= 1
        }
    }
}
