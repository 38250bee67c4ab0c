import Configuration
import EventLoop
import Redis
import TestSupport
import Testing

@Suite(.onLoop) @ServiceActor
struct RedisReaderTests {
    private let read = ["XREADGROUP", "GROUP", "g", "c", "COUNT", "10", "BLOCK", "20000", "STREAMS", "s", ">"]

    /// Runs `body` with a reader, and with a client of the same database that has made the stream and its group.
    private func withReader(_ body: @ServiceActor (RedisReader, RedisClient) async throws -> Void) async throws {
        let url = try #require(await RedisURL(RedisServer.shared().database()))
        let client = RedisClient(url: url, name: "test", options: .quick)
        let reader = RedisReader(url: url, name: "reader-\(url.database)", options: .quick)
        defer { reader.close() }
        try await alongside({ await client.run() }, stop: { client.close() }) {
            try await client.connected(within: .seconds(20))
            _ = try await client.send(["XGROUP", "CREATE", "s", "g", "0", "MKSTREAM"])
            try await body(reader, client)
        }
    }

    /// Waits until Redis shows a connection of the reader's name that is blocked, or none of that name.
    private func waitForReader(_ client: RedisClient, isBlocked: Bool) async throws {
        let database = try #require(try await client.send(["CLIENT", "INFO"]).string?.split(separator: " ").first { $0.hasPrefix("db=") })
        let name = "name=reader-\(database.dropFirst(3)) "
        try await eventually {
            let lines = try await client.send(["CLIENT", "LIST"]).string?.split(separator: "\n").filter { $0.contains(name) } ?? []
            return isBlocked ? lines.contains { $0.contains("cmd=xreadgroup") && $0.contains("flags=b") } : lines.isEmpty
        }
    }

    @Test func `a blocking read gets what is added meanwhile`() async throws {
        try await withReader { reader, client in
            let reading = Loop.spawn { try await reader.send(read, timeout: .seconds(25)) }
            try await waitForReader(client, isBlocked: true)
            #expect(await failure { try await reader.send(["PING"], timeout: .seconds(1)) }?.code == .overloaded)
            _ = try await client.send(["XADD", "s", "1-1", "f", "v"])
            let reply = try await reading.value
            #expect(reply == .array([.array([.string("s"), .array([.array([.string("1-1"), .array([.string("f"), .string("v")])])])])]))
            #expect(try await reader.send(["PING"], timeout: .seconds(5)) == .string("PONG"))
        }
    }

    @Test func `a cancelled read takes its connection along, and no message is lost to it`() async throws {
        try await withReader { reader, client in
            for round in 1...10 {
                let reading = Loop.spawn { await failure { try await reader.send(read, timeout: .seconds(25)) } }
                try await waitForReader(client, isBlocked: true)
                reading.cancel()
                #expect(await reading.value?.code == .closed)
                // The link is closed by now; what is added cannot go to it.
                try await waitForReader(client, isBlocked: false)
                _ = try await client.send(["XADD", "s", "\(round)-1", "f", "v"])
                #expect(try await client.send(["XPENDING", "s", "g"]).array?[0].integer == Int64(round - 1))
                #expect(try await reader.send(read, timeout: .seconds(25)).array?.count == 1)
            }
        }
    }

    @Test func `a read that is not answered in time drops the connection and the next one makes another`() async throws {
        try await withReader { reader, client in
            #expect(await failure { try await reader.send(read, timeout: .milliseconds(100)) }?.code == .timedOut)
            try await waitForReader(client, isBlocked: false)
            _ = try await client.send(["XADD", "s", "1-1", "f", "v"])
            #expect(try await reader.send(read, timeout: .seconds(5)).array?.count == 1)
        }
    }

    @Test func `an error reply keeps the connection, closing ends the read`() async throws {
        try await withReader { reader, client in
            let id = try await reader.send(["CLIENT", "ID"], timeout: .seconds(5)).integer
            #expect(await failure { try await reader.send(["XREADGROUP"], timeout: .seconds(5)) }?.rejection == "ERR")
            #expect(try await reader.send(["CLIENT", "ID"], timeout: .seconds(5)).integer == id)
            let reading = Loop.spawn { await failure { try await reader.send(read, timeout: .seconds(25)) } }
            try await waitForReader(client, isBlocked: true)
            reader.close()
            #expect(await reading.value?.code == .closed)
            #expect(await failure { try await reader.send(["PING"], timeout: .seconds(5)) }?.code == .closed)
        }
    }

    @Test func `a server that goes away ends the read, and a refused connection is said to be unavailable`() async throws {
        try await withRedis { server in
            let reader = RedisReader(url: try #require(RedisURL(server.url)), name: "reader", options: .quick)
            let reading = Loop.spawn { await failure { try await reader.send(["BLPOP", "k", "0"], timeout: .seconds(25)) } }
            try await eventually { connections(to: server.port) == 1 }
            try await server.kill()
            #expect([.connectionLost, .unavailable].contains(await reading.value?.code))
            #expect(await failure { try await reader.send(["PING"], timeout: .seconds(5)) }?.code == .unavailable)
            try await server.restart()
            #expect(try await reader.send(["PING"], timeout: .seconds(5)) == .string("PONG"))
            reader.close()
            try await eventually { connections(to: server.port) == 0 }
        }
    }
}
