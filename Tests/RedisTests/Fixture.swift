import Configuration
import EventLoop
import Glibc
import Redis
import TestSupport
import Testing

/// A client of the shared server with a database of its own, or of another server; closed at the end of `body`.
@ServiceActor
func withClient<Value>(
    _ server: RedisServer? = nil, _ options: RedisOptions = .quick, _ body: @ServiceActor (RedisClient) async throws -> Value
) async throws -> Value {
    let url = if let server { server.url } else { try await RedisServer.shared().database() }
    let client = RedisClient(url: try #require(RedisURL(url)), name: "test", options: options)
    return try await alongside({ await client.run() }, stop: { client.close() }) {
        try await client.connected(within: .seconds(20))
        return try await body(client)
    }
}

extension RedisOptions {
    /// Short pauses, so that tests do not wait, and limits that a busy machine does not reach.
    static var quick: RedisOptions {
        var options = RedisOptions()
        options.connectTimeout = .seconds(20)
        options.commandTimeout = .seconds(20)
        options.minBackoff = .milliseconds(5)
        options.maxBackoff = .milliseconds(50)
        return options
    }

    /// Notices within two seconds that the other side is silent.
    static var impatient: RedisOptions {
        var options = quick
        options.commandTimeout = .milliseconds(800)
        options.connectTimeout = .seconds(2)
        options.pingInterval = .milliseconds(200)
        return options
    }
}

/// The error of Redis that `body` throws; nil when it throws none.
@ServiceActor
func failure(of body: @ServiceActor () async throws -> some Any) async -> RedisError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? RedisError
    }
}

/// A name that no other test uses.
func uniqueName() -> String { "test-\(UInt64.random(in: 0...UInt64.max))" }

/// The descriptors that this process has open on connections to `port`.
func connections(to port: UInt16) -> Int {
    (0..<1024).count { descriptor in
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(Int32(descriptor), $0, &length) }
        }
        return code == 0 && UInt16(bigEndian: address.sin_port) == port
    }
}

/// The messages that listeners got, in order.
@ServiceActor
final class Record {
    private(set) var texts: [String] = []
    func note(_ text: String) { texts.append(text) }
}
