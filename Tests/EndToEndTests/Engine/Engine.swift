import Configuration
import EventLoop
import HTTP
import JSON
import Postgres
import Redis
import TestSupport
import Testing

/// A running stack, and what a test does with it: HTTP, sockets, and a look into Redis and Postgres.
@ServiceActor
final class Engine {
    let stack: Stack
    let redis: RedisClient
    let postgres: PostgresPool
    private let http: HTTPClient
    private var connections: [Task<Void, Never>] = []

    init(_ stack: Stack) async throws {
        self.stack = stack
        var options = HTTPClientOptions()
        options.connectionsPerHost = 100
        options.usesEnvironmentProxy = false
        http = HTTPClient(options: options)
        redis = RedisClient(url: try #require(RedisURL(stack.redisURL)), name: "test")
        postgres = try PostgresPool(url: stack.databaseURL, size: 1, name: "test")
        connections = [Loop.spawn { [redis] in await redis.run() }, Loop.spawn { [postgres] in await postgres.run() }]
        try await redis.connected(within: .seconds(20))
    }

    func stop(keepingLogs: Bool) async {
        redis.close()
        postgres.close()
        for connection in connections { await connection.value }
        await stack.stop(keepingLogs: keepingLogs)
    }

    /// An answer over HTTP.
    struct Answer: Sendable {
        let status: Int
        let text: String
        fileprivate let headers: HTTPHeaders

        /// The body as JSON. Null if it is not JSON.
        var json: JSONValue { (try? JSONValue.parse(text)) ?? .null }

        func header(_ name: String) -> String? { headers[name] }
    }

    /// Sends a request to a replica.
    func send(
        _ method: String, _ path: String, to service: StackService = .gateway, _ replica: Int = 1, headers: [(String, String)] = [],
        body: String? = nil
    ) async throws -> Answer {
        let response = try await http.send(
            method, "http://127.0.0.1:\(stack.port(service, replica))\(path)", headers: headers, body: body.map { Array($0.utf8) },
            timeout: .seconds(20))
        return Answer(status: response.status, text: String(decoding: response.body, as: UTF8.self), headers: response.headers)
    }

    /// Connects to a socket of a notifier.
    func socket(_ path: String, notifier: Int = 1) async throws -> WebSocketClient {
        let socket = try await WebSocketClient(port: stack.port(.notifier, notifier), path: path)
        guard socket.status == 101 else { throw TestFailure("\(path) is no socket: \(socket.status) \(socket.body)") }
        return socket
    }
}
