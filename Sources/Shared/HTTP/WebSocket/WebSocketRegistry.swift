internal import EventLoop

/// The open WebSockets of a server. Flushes the messages that were queued in a turn of the loop, and sweeps the sockets for pings and deadlines.
@ServiceActor
final class WebSocketRegistry {
    /// The frames of one write. All sockets share it, because each write ends before the next begins.
    var scratch: [UInt8] = []
    /// Engines that no socket uses.
    private var engines: [FrameEngine] = []
    /// Deadlines in ticks of the sweep. While the process is frozen or the loop is held up, there are no ticks, so no socket is closed for that.
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
        // Each socket is swept about once per second, or more often if a deadline is shorter than that.
        slices = max(1, min(10, min(deadlines.ping, deadlines.idle, deadlines.write, deadlines.linger) / 2))
    }

    /// More engines than this are not kept. One is enough as long as no client is slow.
    private static let spareEngines = 8

    func engine(_ options: WebSocketOptions) -> FrameEngine { engines.popLast() ?? FrameEngine(messageBytes: options.messageBytes) }

    /// Takes back an engine that is at rest.
    func giveBack(_ engine: FrameEngine) {
        engine.socket = nil
        if engines.count < Self.spareEngines { engines.append(engine) }
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

    /// Flushes the socket before the loop blocks.
    func flushLater(_ socket: WebSocket) { unflushed.append(socket) }

    func flush() {
        guard !unflushed.isEmpty else { return }
        let due = unflushed
        unflushed.removeAll(keepingCapacity: true)
        for socket in due { socket.flush() }
    }

    /// Sweeps one slice of the sockets. It goes backwards, because the last socket takes the place of one that ends.
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
