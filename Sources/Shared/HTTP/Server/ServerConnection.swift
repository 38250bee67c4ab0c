internal import CMicrohttpd
internal import Configuration
internal import EventLoop
internal import Glibc

/// One client's connection. The daemon keeps it alive from its start notification to its end notification.
@ServiceActor
final class ServerConnection {
    /// What a connection is doing. Each stage has its deadline.
    enum Stage: Int, CaseIterable, Sendable {
        /// New, without a request line yet.
        case arriving
        /// A request has begun, and its head is not complete.
        case receiving
        /// The body of a request arrives.
        case loading
        /// A handler works on the request.
        case handling
        /// The answer is being sent.
        case answering
        /// An answer is sent while it is written. It may have nothing to send for a long time.
        case streaming
        /// Between two requests.
        case idle
        /// A WebSocket, which has deadlines of its own.
        case upgraded
    }

    let descriptor: Int32
    /// The request in hand.
    var exchange: ServerRequest?
    /// The peer's address.
    let address: IPAddress
    private(set) var stage = Stage.arriving
    /// How fast the client takes or sends what this stage is about.
    var meter = DrainMeter()
    private unowned let server: HTTPServer
    private var isCounted = true

    // For `DeadlineList`.
    var due = 0
    /// The tick at which the stage began, or the client last did what the stage is about.
    private(set) var since = 0
    unowned(unsafe) var next: ServerConnection?
    unowned(unsafe) var previous: ServerConnection?

    init(_ connection: OpaquePointer, server: HTTPServer) {
        self.server = server
        descriptor = cmhd_descriptor(connection)
        address = withUnsafeTemporaryAllocation(byteCount: 16, alignment: 1) { buffer in
            cmhd_client_ip(connection, buffer.baseAddress)
            return IPAddress(UnsafeRawBufferPointer(buffer))
        }
        since = server.tick
        server.deadlines[stage.rawValue].append(self, at: server.tick)
        server.addresses.enter(address)
    }

    func enter(_ stage: Stage) {
        server.deadlines[self.stage.rawValue].remove(self)
        self.stage = stage
        since = server.tick
        meter.reset()
        // The bytes of a body are counted from its first one.
        if stage == .loading { meter.start(at: since, bytes: 0) }
        server.deadlines[stage.rawValue].append(self, at: server.tick)
    }

    /// Stays in its stage until it is looked at again.
    func wait() {
        server.deadlines[stage.rawValue].remove(self)
        server.deadlines[stage.rawValue].append(self, at: server.tick)
    }

    /// The client has made room for more of a stream, so the deadline of the stage starts again.
    func progress() { since = server.tick }

    func leave() {
        server.deadlines[stage.rawValue].remove(self)
        stopCounting()
    }

    /// The connection counts no longer for its address: it has ended, or a WebSocket counts instead.
    func stopCounting() {
        if isCounted { server.addresses.leave(address) }
        isCounted = false
    }

    /// The bytes that the client has sent of a body, or has taken; nil if that is not known, or if nothing waits for it.
    var drainedBytes: Int? {
        if stage == .loading { return exchange?.received }
        if exchange?.stream?.isSuspended == true { return nil }
        let count = cmhd_acknowledged(descriptor)
        return count < 0 ? nil : count
    }

    /// Cuts the connection. The daemon sees the end of the stream and forgets the connection.
    func cut() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// Sends a refusal, bypassing the daemon, which has nothing to send. The connection cannot be used for another answer.
    func refuse(_ problem: Problem, id: String) {
        let text = problem.wholeAnswer(id: id)
        cmhd_send(descriptor, text, text.utf8.count)
    }
}
