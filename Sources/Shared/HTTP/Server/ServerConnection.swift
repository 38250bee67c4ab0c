internal import CMicrohttpd
internal import EventLoop
internal import Glibc

/// One client's connection. The daemon keeps it alive from its start notification to its end notification.
@ServiceActor
final class ServerConnection {
    /// What a connection is doing. Each stage has its deadline.
    enum Stage: Int, CaseIterable, Sendable {
        /// New, without a request line yet.
        case arriving
        /// A request has begun and is not complete.
        case receiving
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

    /// Cuts the connection. The daemon sees the end of the stream and forgets the connection.
    func cut() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// Answers a request that did not become complete in time. The answer bypasses the daemon, which has nothing to send at that point.
    func refuseSlow() {
        refuse(.requestTooSlow)
        cut()
    }

    /// Sends a refusal, bypassing the daemon, which has nothing to send. The connection cannot be used for another answer.
    func refuse(_ problem: Problem) {
        let body = problem.text
        let head = "HTTP/1.1 \(problem.status) \(Problem.title(problem.status))\r\nContent-Type: application/problem+json\r\nConnection: close\r\n"
        let text = head + "Content-Length: \(body.utf8.count)\r\n\r\n" + body
        cmhd_send(descriptor, text, text.utf8.count)
    }
}
