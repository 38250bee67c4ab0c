import EventLoop
import HTTP
import TestSupport
import Testing

/// A running server with the given routes and limits; stopped after `body`.
@ServiceActor
func withServer(
    _ routes: (HTTPRouter) -> Void, options change: (inout HTTPServerOptions) -> Void = { _ in },
    _ body: (HTTPServer) async throws -> Void
) async throws {
    var options = HTTPServerOptions()
    change(&options)
    let router = HTTPRouter()
    routes(router)
    let server = HTTPServer(bind: "127.0.0.1", router: router, options: options)
    try server.start()
    do {
        try await body(server)
    } catch {
        await server.stop(within: .milliseconds(200))
        throw error
    }
    await server.stop(within: .milliseconds(200))
}

/// Sends one request and reads its answer.
@ServiceActor
func exchange(_ server: HTTPServer, _ request: String) async throws -> (head: String, body: String) {
    let connection = try RawConnection(port: server.port)
    defer { connection.close() }
    try await connection.send(request)
    return try await connection.response()
}

/// The status of an answer's head.
func status(_ head: String) -> Int { head.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0 }

/// A GET of a path with the one header that must be there.
func get(_ path: String, _ headers: String...) -> String { "GET \(path) HTTP/1.1\r\nHost: a\r\n" + headers.map { $0 + "\r\n" }.joined() + "\r\n" }

/// A POST with a Content-Length.
func post(_ path: String, _ body: String) -> String { "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)" }

/// Sends one request and expects something of its answer.
@ServiceActor
func expect(
    _ server: HTTPServer, _ request: String, status expectedStatus: Int? = nil, head: String? = nil, body: String? = nil,
    at location: SourceLocation = #_sourceLocation
) async throws {
    let answer = try await exchange(server, request)
    if let expectedStatus { #expect(status(answer.head) == expectedStatus, sourceLocation: location) }
    if let head { #expect(answer.head.contains(head), sourceLocation: location) }
    if let body { #expect(answer.body == body, sourceLocation: location) }
}

/// Codes of whoever uses the server.
enum TestCode: String, ProblemCode {
    case badField = "BAD_FIELD"
    case orderFinal = "ORDER_FINAL"
}
