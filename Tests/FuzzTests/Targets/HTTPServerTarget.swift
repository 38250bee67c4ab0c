import CMicrohttpd
import EventLoop
import Glibc

@testable import HTTP

extension FuzzTarget {
    /// The bytes of a client on one connection of the server.
    static let httpServer = FuzzTarget(name: "http-server", needsLoop: true, awaiting: read)

    @ServiceActor
    private static func read(_ input: [UInt8]) async throws {
        let server = try FuzzedServer.shared.get()
        let second = SecondHTTP(input, bodyLimit: server.bodyLimit)
        // A target that cannot be read ends the connection.
        let readable = second.requests.prefix { RequestTarget($0.target) != nil }
        let isRefused = readable.count < second.requests.count
        let expected = readable.filter { server.serves($0) }
        for size in [input.count, input.count / 8 + 1] {
            let (served, answer) = try await server.exchange(input, pieces: max(1, size))
            let isSame = second.end == .lenient && !isRefused ? served.starts(with: expected) : served == expected
            try hold(isSame, "a second reader finds the same requests: \(served) and \(expected), \(second.end)")
            try hold(answer.isEmpty || answer.starts(with: "HTTP/1.1 ".utf8), "an answer begins with its version")
        }
    }
}

/// A server whose connections are pairs of sockets. It tells which requests have reached a handler.
@ServiceActor
final class FuzzedServer {
    static let shared = Result { try FuzzedServer() }

    private let server: HTTPServer
    private let recorder = Recorder()

    private final class Nobody: Sendable {}

    /// Lets everybody in, and keeps what they ask for.
    private final class Recorder: RequestGate {
        var requests: [SecondHTTP.Request] = []

        func admit(_ request: HTTPRequest, needing permission: RoutePermission?) throws(Problem) -> RequestPass {
            requests.append(SecondHTTP.Request(method: request.method, target: request.target, body: request.body))
            return RequestPass(caller: Nobody())
        }
    }

    private init() throws {
        let router = HTTPRouter()
        router.get("/", query: []) { _, _ in HTTPResponse(status: 200, body: "hello") }
        router.post("/api/orders/execute", query: []) { request, _ in HTTPResponse(status: 202, body: "\(request.body.count)") }
        router.get("/api/orders/{id}", query: ["after"]) { _, parameters in HTTPResponse(status: 200, body: parameters["id"]) }
        router.gate = recorder
        server = HTTPServer(bind: "127.0.0.1", router: router)
        try server.start()
    }

    var bodyLimit: Int { server.options.bodyLimit }

    /// Whether a request reaches a handler.
    func serves(_ request: SecondHTTP.Request) -> Bool {
        guard let target = RequestTarget(request.target), let found = server.router.find(target) else { return false }
        return found.route.handler(request.method) != nil
    }

    /// Sends bytes in pieces of a size. Returns the requests that reached a handler, and all answers.
    func exchange(_ bytes: [UInt8], pieces size: Int) async throws(BrokenClaim) -> (served: [SecondHTTP.Request], answer: [UInt8]) {
        let pair = try SocketPair()
        recorder.requests = []
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        let isAdded = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                MHD_add_connection(server.daemon, pair.server, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard isAdded == .YES else { throw BrokenClaim(description: "the daemon takes a connection") }
        for start in stride(from: 0, to: bytes.count, by: size) {
            pair.send(bytes[start..<min(start + size, bytes.count)])
            server.run()
        }
        // The end of the input would end the connection, whatever is left to be read.
        var answer: [UInt8] = []
        var idle = 0
        while idle < 3 {
            server.run()
            // A handler may answer in a job of its own.
            await Task.yield()
            let more = pair.receive()
            idle = more.isEmpty ? idle + 1 : 0
            answer += more
        }
        pair.endSending()
        server.run()
        pair.close()
        server.run()
        return (recorder.requests, answer)
    }
}
