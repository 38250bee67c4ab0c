import Configuration
import EventLoop
import Glibc
import Redis
import TestSupport
import Testing

@Suite(.onLoop) @ServiceActor
struct RedisOutageTests {
    @Test func `a killed server fails what is in flight, then what is sent, until it is back`() async throws {
        try await withRedis { server in
            try await withClient(server) { client in
                server.freeze()
                let waiting = (0..<20).map { i in Loop.spawn { await failure { try await client.send(["INCRBY", "n", "\(i)"]) } } }
                try await eventually { client.statistics.inFlight == 20 }
                try await server.kill()
                for task in waiting {
                    let error = await task.value
                    #expect(error?.code == .connectionLost && error?.outcomeUnknown == true)
                }
                try await eventually { !client.isConnected }
                let error = await failure { try await client.send(["PING"]) }
                #expect(error?.code == .unavailable && error?.isUnavailable == true && error?.outcomeUnknown == false)
                let timedOut = await failure { try await client.connected(within: .milliseconds(20)) }
                #expect(timedOut?.code == .unavailable && timedOut?.message.contains("\(server.port)") == true)
                try await server.restart()
                try await client.connected(within: .seconds(20))
                #expect(try await client.send(["PING"]) == .string("PONG"))
                #expect(client.statistics.reconnects == 1)
            }
        }
    }

    @Test func `a frozen server times commands out, loses the connection, and is reached again when it thaws`() async throws {
        try await withRedis { server in
            try await withClient(server, .impatient) { client in
                server.freeze()
                let start = MonotonicInstant.now
                let error = await failure { try await client.send(["SET", "k", "v"]) }
                #expect(error?.code == .timedOut && error?.outcomeUnknown == true)
                #expect(start.elapsed >= .milliseconds(800) && start.elapsed < .seconds(15))
                try await eventually { !client.isConnected }
                server.thaw()
                try await client.connected(within: .seconds(20))
                #expect(try await client.send(["ECHO", "x"]) == .string("x"))
            }
        }
    }

    @Test func `a late reply within the patience of the link is dropped and the next one is right`() async throws {
        try await withRedis { server in
            try await withClient(server) { client in
                server.freeze()
                #expect(await failure { try await client.send(["ECHO", "late"], timeout: .milliseconds(50)) }?.code == .timedOut)
                server.thaw()
                let reply = try await client.send(["ECHO", "next"])
                #expect(reply == .string("next"))
                #expect(client.statistics.reconnects == 0)
            }
        }
    }

    @Test func `a command with a longer time-out of its own is not cut off`() async throws {
        try await withClient(nil, .impatient) { client in
            let reply = try await client.send(["BLPOP", "missing", "2.5"], timeout: .seconds(20))
            #expect(reply == .null && client.statistics.reconnects == 0)
        }
    }

    @Test func `an idle link is tried, and dropped when it is dead`() async throws {
        try await withRedis { server in
            try await withClient(server, .impatient) { client in
                var failures: [RedisError] = []
                client.onFailure = { failures.append($0) }
                server.freeze()
                try await eventually { !failures.isEmpty }
                #expect(failures[0].code == .connectionLost)
                server.thaw()
            }
        }
    }

    @Test func `a process that stood still reads its replies before it judges them late`() async throws {
        try await withClient(nil, .impatient) { client in
            let waiting = Loop.spawn { try await client.send(["ECHO", "x"]) }
            try await eventually { client.statistics.inFlight == 1 || client.statistics.commands == 1 }
            usleep(900_000)
            #expect(try await waiting.value == .string("x"))
            #expect(client.statistics.reconnects == 0)
        }
    }

    @Test func `a dead link is noticed also by a process that stands still again and again`() async throws {
        try await withRedis { server in
            try await withClient(server, .impatient) { client in
                var failures = 0
                client.onFailure = { _ in failures += 1 }
                server.freeze()
                // More stands still than runs, and never runs for as long as the link's patience.
                try await eventually {
                    usleep(600_000)
                    try await sleep(for: .milliseconds(400))
                    return failures > 0
                }
                server.thaw()
            }
        }
    }

    @Test func `a refused port is tried again and named, and close ends it`() async throws {
        let port = try freePort()
        let client = RedisClient(url: try #require(RedisURL("redis://:hunter2@127.0.0.1:\(port)")), name: "test", options: .quick)
        var failures = 0
        client.onFailure = { _ in failures += 1 }
        let running = Loop.spawn { await client.run() }
        try await eventually { failures >= 3 }
        let error = await failure { try await client.connected(within: .milliseconds(20)) }
        #expect(error?.code == .unavailable && error?.message.contains("127.0.0.1:\(port)") == true)
        #expect(error?.message.contains("refused") == true && error?.message.contains("hunter2") == false)
        client.close()
        await running.value
        #expect(await failure { try await client.send(["PING"]) }?.code == .closed)
        #expect(await failure { try await client.connected(within: .seconds(1)) }?.code == .closed)
    }

    @Test func `a host is found by its name, and an unknown one is named without being waited for`() async throws {
        let server = try await RedisServer.shared()
        let found = RedisClient(url: try #require(RedisURL("redis://localhost:\(server.port)")), name: "test", options: .quick)
        let unknown = RedisClient(url: try #require(RedisURL("redis://redis.invalid:\(server.port)")), name: "test", options: .quick)
        let running = [Loop.spawn { await found.run() }, Loop.spawn { await unknown.run() }]
        // "localhost" may be ::1 first, where nobody listens: another attempt takes the other address.
        try await found.connected(within: .seconds(20))
        let error = await failure { try await unknown.connected(within: .milliseconds(100)) }
        #expect(error?.code == .unavailable)
        found.close()
        unknown.close()
        for task in running { await task.value }
    }

    @Test(arguments: ["redis://:hunter2@", "redis://", "redis://nobody:hunter2@"])
    func `a wrong or missing login is said, without the password`(prefix: String) async throws {
        try await withRedis(["--requirepass", "correct"]) { server in
            let reader = RedisReader(url: try #require(RedisURL("\(prefix)127.0.0.1:\(server.port)")), name: "test")
            let error = await failure { try await reader.send(["PING"], timeout: .seconds(5)) }
            #expect(error?.rejection == (prefix == "redis://" ? "NOAUTH" : "WRONGPASS"))
            #expect(error?.message.contains("refused the login") == true && error?.message.contains("hunter2") == false)
            let right = RedisReader(url: try #require(RedisURL("redis://:correct@127.0.0.1:\(server.port)")), name: "test")
            #expect(try await right.send(["PING"], timeout: .seconds(5)) == .string("PONG"))
            right.close()
        }
    }

    @Test func `closing fails what is in flight and leaves no descriptor`() async throws {
        try await withRedis { server in
            let client = RedisClient(url: try #require(RedisURL(server.url)), name: "test", options: .quick)
            let running = Loop.spawn { await client.run() }
            try await client.connected(within: .seconds(20))
            for _ in 0..<20 {
                let before = client.statistics.reconnects
                _ = await failure { try await client.send(["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no"]) }
                try await eventually { client.statistics.reconnects > before && client.isConnected }
            }
            #expect(connections(to: server.port) == 1)
            server.freeze()
            let waiting = Loop.spawn { await failure { try await client.send(["PING"]) } }
            try await eventually { client.statistics.inFlight == 1 }
            client.close()
            #expect(await waiting.value?.code == .closed)
            await running.value
            #expect(connections(to: server.port) == 0)
        }
    }

    @Test func `cancelling run closes the client`() async throws {
        let client = RedisClient(url: try #require(await RedisURL(RedisServer.shared().database())), name: "test")
        let running = Loop.spawn { await client.run() }
        try await client.connected(within: .seconds(20))
        running.cancel()
        await running.value
        #expect(await failure { try await client.send(["PING"]) }?.code == .closed)
    }
}
