import EventLoop
import HTTP
import JSON
import TestSupport

@testable import ServiceKit

/// An answer as a client sees it.
struct Answer {
    let status: Int
    let head: String
    let body: String

    /// A member of the body.
    subscript(_ name: String) -> JSONValue? { (try? JSONValue.parse(body))?[name] }

    /// The value of a header field.
    func header(_ name: String) -> String? {
        head.split(separator: "\r\n").first { $0.lowercased().hasPrefix(name.lowercased() + ":") }
            .map { String($0.dropFirst(name.utf8.count + 1).drop { $0 == " " }) }
    }
}

/// The routes of a process behind a real server.
@ServiceActor
struct HTTPExchange {
    let server: HTTPServer

    /// Sends a request. A POST without a `Content-Type` of its own is one of JSON.
    func send(_ method: String, _ path: String, _ headers: [String] = [], body: String = "") async throws -> Answer {
        let connection = try RawConnection(port: server.port)
        defer { connection.close() }
        var lines = ["\(method) \(path) HTTP/1.1", "Host: engine.test"] + headers
        if ["POST", "PATCH"].contains(method), !headers.contains(where: { $0.hasPrefix("Content-Type:") }) {
            lines.append("Content-Type: application/json")
        }
        if !body.isEmpty { lines.append("Content-Length: \(body.utf8.count)") }
        try await connection.send(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
        let (head, text) = try await connection.response()
        return Answer(status: head.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0, head: head, body: text)
    }

    func get(_ path: String, _ headers: String...) async throws -> Answer { try await send("GET", path, headers) }

    func post(_ body: String, _ headers: String...) async throws -> Answer {
        try await send("POST", "/api/orders/execute", ["Content-Type: application/json"] + headers, body: body)
    }
}

/// Serves the routes of a process while `body` runs.
@ServiceActor
func withServer(_ process: ServiceProcess, _ body: @ServiceActor (HTTPExchange) async throws -> Void) async throws {
    let server = HTTPServer(bind: "127.0.0.1", router: process.router, options: process.serverOptions)
    try server.start()
    do {
        try await body(HTTPExchange(server: server))
    } catch {
        await server.stop(within: .milliseconds(200))
        throw error
    }
    await server.stop(within: .milliseconds(200))
}
