internal import CMicrohttpd
internal import EventLoop
internal import Glibc

/// One client's connection. Kept alive by the daemon, from its start notification to its end.
@ServiceActor
final class ServerConnection {
    /// What a connection is doing; each stage has its deadline.
    enum Stage: Int, CaseIterable, Sendable {
        /// New, without a request line yet.
        case arriving
        /// A request has begun and is not whole.
        case receiving
        /// A handler works.
        case handling
        /// The answer is on its way.
        case answering
        /// An answer goes out while it is written; it may have nothing to say for long.
        case streaming
        /// Between two requests.
        case idle
        /// A WebSocket, which has deadlines of its own.
        case upgraded
    }

    let descriptor: Int32
    /// The request in hand.
    var exchange: ServerRequest?
    /// The client's address as text.
    let address: String
    private(set) var stage = Stage.arriving
    private unowned let server: HTTPServer

    // For `DeadlineList`.
    var due = 0
    unowned(unsafe) var next: ServerConnection?
    unowned(unsafe) var previous: ServerConnection?

    init(_ connection: OpaquePointer, server: HTTPServer) {
        self.server = server
        descriptor = cmhd_descriptor(connection)
        address = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { buffer in
            cmhd_client_address(connection, buffer.baseAddress, buffer.count)
            return String(cString: buffer.baseAddress!)
        }
        server.deadlines[stage.rawValue].append(self, at: server.tick)
    }

    func enter(_ stage: Stage) {
        server.deadlines[self.stage.rawValue].remove(self)
        self.stage = stage
        server.deadlines[stage.rawValue].append(self, at: server.tick)
    }

    func leave() { server.deadlines[stage.rawValue].remove(self) }

    /// Ends the connection: the daemon sees the end of the stream and forgets it.
    func cut() {
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// Answers a request that never became whole, past the daemon: it has nothing of its own to send at that point.
    func refuseSlow() {
        refuse(.requestTooSlow)
        cut()
    }

    /// Sends a refusal past the daemon, which has nothing of its own to send; the connection cannot be used for another answer.
    func refuse(_ problem: Problem) {
        let body = problem.text
        let head = "HTTP/1.1 \(problem.status) \(Problem.title(problem.status))\r\nContent-Type: application/problem+json\r\nConnection: close\r\n"
        let text = head + "Content-Length: \(body.utf8.count)\r\n\r\n" + body
        cmhd_send(descriptor, text, text.utf8.count)
    }
}
