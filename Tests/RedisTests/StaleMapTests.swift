import Configuration
import EventLoop
import TestSupport
import Testing

@testable import Redis

/// A node that tells an old map, as happens for a moment when masters change places.
@Suite(.onLoop) @ServiceActor
struct StaleMapTests {
    /// The answer to CLUSTER SLOTS of a cluster whose only master is at a port.
    private static func map(_ port: UInt16) -> String { "*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n$9\r\n127.0.0.1\r\n:\(port)\r\n$2\r\nid\r\n" }

    @Test(arguments: [false, true])
    func `a command that waits for the new master is sent, though an old map does not know that master`(isMany: Bool) async throws {
        let (old, new) = (try FakeRedis(), try FakeRedis())
        defer { for server in [old, new] { server.stop() } }
        new.isAnswering = false
        old.answer = { $0[0] == "CLUSTER" ? Self.map(old.port) : "-MOVED \(HashSlot.of("k")) 127.0.0.1:\(new.port)\r\n" }
        new.answer = { $0[0] == "CLUSTER" ? Self.map(new.port) : ":7\r\n" }
        let url = try #require(RedisURL("redis+cluster://127.0.0.1:\(old.port)"))
        let client = RedisClient(url: url, name: "test", options: .quick)
        try await alongside({ await client.run() }, stop: { client.close() }) {
            try await client.connected(within: .seconds(20))
            let sent = Loop.spawn {
                isMany ? try await client.send(all: [["INCR", "k"]])[0].get() : try await client.send(["INCR", "k"])
            }
            try await eventually { old.commands.contains(["INCR", "k"]) }
            let asked = old.commands.count
            // The answer has shown that the map is old; this node tells the same map again.
            try await eventually { old.commands.count > asked && client.masters.map(\.endpoint) == ["127.0.0.1:\(old.port)"] }
            new.isAnswering = true
            #expect(try await sent.value == .integer(7))
        }
    }
}
