internal import CMicrohttpd
public import EventLoop
internal import Glibc

/// An HTTP/1.1 server with WebSockets on the process' event loop: GNU libmicrohttpd without threads of its own.
///
/// A running server keeps itself alive; `stop` ends it.
@ServiceActor
public final class HTTPServer {
    /// The router that finds the handlers.
    public let router: HTTPRouter
    public let options: HTTPServerOptions
    /// The port that the server listens on, even if any free port was requested; 0 before it has one.
    public private(set) var port: UInt16 = 0
    /// Whether the server accepts no new connections and closes each connection after its answer.
    public internal(set) var isDraining = false

    static let tickLength = Duration.milliseconds(100)
    static let ticksOfSecond = 10

    let deadlines: [DeadlineList]
    /// The least that a client has to take or send; nil for no limit.
    let drain: DrainLimit?
    let addresses: AddressCounts
    let quotas = QuotaCounts()
    /// Bytes that wait for all WebSockets and streams.
    public internal(set) var queuedBytes = 0
    var requestIDs = RequestIDSource()
    /// The server's coarse clock: the number of sweeps so far.
    private(set) var tick = 0
    let sockets = WebSocketRegistry()
    var daemon: OpaquePointer?
    /// Whether something was given back to the daemon, which notices it only on its next run.
    var needsRun = false
    private var isRunning = false
    private let address: String
    private let requestedPort: UInt16
    /// The address that was taken before the start.
    private var taken: ListeningSocket?
    private var poll: PollHandle?
    /// Where clients connect, until the server stops accepting them.
    var listener: Listener?
    private var hook: Int?
    private let timer = LoopTimer()
    private var timerDue = UInt64.max
    private let sweepTimer = LoopTimer()
    /// Notified when a connection or request has ended, for code that waits for the last one.
    let progress = LoopSignal()

    /// A server that does not listen yet.
    ///
    /// - Parameters:
    ///   - bind: a numeric address: `0.0.0.0`, or `::` for IPv4 and IPv6.
    ///   - port: the port; 0 for any free one.
    public init(bind: String = "0.0.0.0", port: UInt16 = 0, router: HTTPRouter, options: HTTPServerOptions = HTTPServerOptions()) {
        self.router = router
        self.options = options
        address = bind
        requestedPort = port
        drain = DrainLimit(options)
        addresses = AddressCounts(limit: options.connectionsPerAddress, exempt: options.trustedProxies)
        deadlines = ServerConnection.Stage.allCases.map { [drain] stage in
            DeadlineList(stage, limit: Self.ticks(stage.limit(options)), lookingAfter: stage.isDrained ? drain?.window : nil)
        }
        sockets.use(options.webSocket)
    }

    /// Open connections, including WebSockets. The daemon still holds a connection for a moment after it has become a WebSocket.
    public var connections: Int {
        let handedOver = deadlines[ServerConnection.Stage.upgraded.rawValue].count
        return (daemon.map { Int(cmhd_connections($0)) - handedOver } ?? 0) + sockets.count
    }

    /// Answers that are still being written; see `ResponseStream`.
    public var streams: Int { deadlines[ServerConnection.Stage.streaming.rawValue].count }

    public var webSockets: Int { sockets.count }

    /// Requests whose handler works or whose answer is being sent.
    public var requestsInHand: Int {
        deadlines[ServerConnection.Stage.handling.rawValue].count + deadlines[ServerConnection.Stage.answering.rawValue].count
    }

    /// Takes the address before the start. Clients are refused until then. Throws if the address is wrong or the port is taken.
    public func takeAddress() throws(HTTPServerError) { _ = try socket() }

    private func socket() throws(HTTPServerError) -> ListeningSocket {
        let socket = if let taken { taken } else { try ListeningSocket(address: address, port: requestedPort) }
        (taken, port) = (socket, socket.port)
        return socket
    }

    /// Starts to listen. Throws if the address is wrong or the port is taken.
    public func start() throws(HTTPServerError) {
        precondition(daemon == nil, "the server has started already")
        // A write to a client that has gone must not end the process.
        signal(SIGPIPE, SIG_IGN)
        let socket = try socket()
        taken = nil
        do {
            try socket.listen(on: address, backlog: options.backlog)
        } catch {
            close(socket.descriptor)
            throw error
        }
        guard let daemon = startDaemon() else {
            close(socket.descriptor)
            throw .cannotStart
        }
        do {
            poll = try PollHandle(descriptor: cmhd_epoll_descriptor(daemon))
            listener = try Listener(socket)
        } catch {
            poll?.close()
            poll = nil
            MHD_stop_daemon(daemon)
            close(socket.descriptor)
            throw .cannotStart
        }
        self.daemon = daemon
        poll?.watch(.readable) { [unowned self] _ in run() }
        listener?.poll.watch(.readable) { [unowned self] _ in accept() }
        hook = Loop.shared.beforeBlocking { self.beforeBlocking() }
        sweepTimer.start(after: Self.tickLength, every: Self.tickLength) { [unowned self] in sweep() }
    }

    /// Ends everything that `start` began. No connection may be suspended.
    func end() {
        if let taken { close(taken.descriptor) }
        taken = nil
        guard let daemon else { return }
        self.daemon = nil
        if let hook { Loop.shared.removeBeforeBlocking(hook) }
        hook = nil
        timer.stop()
        sweepTimer.stop()
        poll?.close()
        poll = nil
        listener?.close()
        listener = nil
        MHD_stop_daemon(daemon)
    }

    // MARK: The daemon's turn

    func run() {
        // A handler that runs inside the daemon's run may ask for another run.
        guard let daemon, !isRunning else { return }
        isRunning = true
        needsRun = false
        MHD_run(daemon)
        isRunning = false
    }

    /// Sends everything that was queued in this turn of the loop. Then asks the daemon when it wants to run again.
    private func beforeBlocking() {
        sockets.flush()
        limitQueues()
        if needsRun { run() }
        guard let daemon else { return }
        var wait: UInt64 = 0
        guard MHD_get_timeout(daemon, &wait) == .YES else { return }
        let due = wait == 0 ? 0 : MonotonicInstant.now.milliseconds + wait
        // The daemon's time-outs move on with every request. An early run now and then is cheaper than setting the timer again each turn.
        guard due < timerDue else { return }
        timerDue = due
        timer.start(after: .milliseconds(Int64(wait))) { [unowned self] in
            timerDue = .max
            run()
        }
    }

    private func sweep() {
        tick += 1
        for list in deadlines where list.stage != .upgraded {
            while let connection = list.due(at: tick) {
                if list.isExceeded(by: connection, at: tick) || isTooSlow(connection) { expire(connection) } else { connection.wait() }
            }
        }
        sockets.sweep()
        acceptAgain()
        if connections >= options.maxConnections { router.onLimit?(.connections) }
    }

    private func expire(_ connection: ServerConnection) {
        switch connection.stage {
        case .receiving, .loading: connection.exchange?.refuseSlow()
        case .handling: connection.exchange?.expire()
        case .streaming: connection.exchange?.stream?.expire()
        case .arriving, .answering, .idle, .upgraded: connection.cut()
        }
        // The daemon reports the end later. Until then the connection must not be due again.
        connection.enter(connection.stage)
    }

    /// Whether the client has taken or sent too little since it was looked at before.
    private func isTooSlow(_ connection: ServerConnection) -> Bool {
        guard let drain, connection.stage.isDrained, connection.meter.isTooSlow(at: tick, bytes: connection.drainedBytes, drain) else { return false }
        router.onLimit?(.drainRate)
        return true
    }

    /// One tick more than the duration needs, because a stage may begin just before a tick.
    static func ticks(_ duration: Duration) -> Int {
        let (length, tick) = (duration.millisecondsRoundedUp, tickLength.millisecondsRoundedUp)
        return Int((length + tick - 1) / tick) + 1
    }
}

extension ServerConnection.Stage {
    /// Whether the client owes bytes, or has to take some.
    fileprivate var isDrained: Bool { self == .loading || self == .answering || self == .streaming }

    fileprivate func limit(_ options: HTTPServerOptions) -> Duration {
        switch self {
        case .arriving, .receiving: options.headDeadline
        case .loading: options.bodyDeadline
        case .handling: options.handlerDeadline
        case .answering, .streaming: options.responseDeadline
        case .idle, .upgraded: options.keepAlive
        }
    }
}
