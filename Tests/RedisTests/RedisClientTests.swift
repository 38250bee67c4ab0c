import Configuration
import EventLoop
import Redis
import TestSupport
import Testing

@Suite(.onLoop) @ServiceActor
struct RedisClientTests {
    @Test func `values come back as they were sent`() async throws {
        try await withClient { client in
            #expect(try await client.send(["SET", "k", "grün\r\n"]) == .string("OK"))
            #expect(try await client.send(["GET", "k"]) == .string("grün\r\n"))
            #expect(try await client.send(["GET", "missing"]) == .null)
            #expect(try await client.send(["INCR", "n"]) == .integer(1))
            #expect(try await client.send(["GET", "n"]).integer == 1)
            #expect(try await client.send(["LRANGE", "missing", "0", "-1"]) == .array([]))
            let big = String(repeating: "x", count: 3_000_000)
            _ = try await client.send(["SET", "big", big])
            #expect(try await client.send(["GET", "big"]).string == big)
        }
    }

    @Test func `bytes that are no UTF-8 come as bytes, nested arrays and errors inside them as they are`() async throws {
        try await withClient { client in
            let script = "return {string.char(255,0,65), {1, 'two', false}, redis.error_reply('ODD thing')}"
            let reply = try await client.send(["EVAL", script, "0"])
            #expect(reply == .array([.bytes([255, 0, 65]), .array([.integer(1), .string("two"), .null]), .error("ODD thing")]))
            #expect(reply.array?[0].bytes == [255, 0, 65])
        }
    }

    @Test func `an error reply is thrown with its prefix and leaves the connection in use`() async throws {
        try await withClient { client in
            _ = try await client.send(["SET", "k", "text"])
            let error = await failure { try await client.send(["LPUSH", "k", "x"]) }
            #expect(error?.code == .rejected("WRONGTYPE") && error?.outcomeUnknown == false)
            #expect(try await client.send(["GET", "k"]) == .string("text"))
            #expect(client.statistics.reconnects == 0)
        }
    }

    @Test func `thousands of commands at once each get their own reply`() async throws {
        try await withClient { client in
            var times = 0
            client.onRoundTrip = { seconds in
                times += 1
                #expect(seconds >= 0 && seconds < 20)
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for i in 0..<5000 {
                    group.addTask {
                        let reply = try await client.send(["ECHO", "\(i)"])
                        #expect(reply == .string("\(i)"))
                    }
                }
                try await group.waitForAll()
            }
            #expect(times == 5000 && client.statistics.commands == 5000)
            // A ping may be under way.
            try await eventually { client.statistics.inFlight == 0 }
        }
    }

    @Test func `commands beyond the bound are refused and those before it answered`() async throws {
        var options = RedisOptions.quick
        options.maxInFlight = 10
        // None of the client's own beside them.
        options.pingInterval = .seconds(600)
        try await withRedis { server in
            try await withClient(server, options) { client in
                // Silent until those beyond the bound are refused: an answer would make room for another.
                server.freeze()
                let codes = await withTaskGroup(of: RedisError.Code?.self) { group in
                    for _ in 0..<15 { group.addTask { await failure { try await client.send(["PING"]) }?.code } }
                    var codes: [RedisError.Code?] = []
                    for await code in group {
                        codes.append(code)
                        if codes.count == 5 { server.thaw() }
                    }
                    return codes
                }
                #expect(codes.prefix(5).allSatisfy { $0 == .overloaded } && codes.dropFirst(5).allSatisfy { $0 == nil } && codes.count == 15)
            }
        }
    }

    @Test func `a script is loaded when Redis does not know it, and again after it has forgotten`() async throws {
        try await withRedis { server in
            try await withClient(server) { client in
                let script = RedisScript(name: "join", source: "return {KEYS[1], ARGV[1], ARGV[2]}")
                for _ in 0..<2 {
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for i in 0..<50 {
                            group.addTask {
                                let reply = try await client.evaluate(script, keys: ["k"], arguments: ["a", "\(i)"])
                                #expect(reply == .array([.string("k"), .string("a"), .string("\(i)")]))
                            }
                        }
                        try await group.waitForAll()
                    }
                    let before = client.statistics.commands
                    _ = try await client.evaluate(script, keys: ["k"], arguments: ["a", "b"])
                    #expect(client.statistics.commands == before + 1)
                    _ = try await client.send(["SCRIPT", "FLUSH"])
                }
                let broken = RedisScript(name: "broken", source: "return (")
                #expect(await failure { try await client.evaluate(broken, keys: [], arguments: []) }?.rejection == "ERR")
            }
        }
    }

    @Test func `a cancelled task stops waiting, and the late reply is nobody else's`() async throws {
        try await withRedis { server in
            try await withClient(server) { client in
                server.freeze()
                let waiting = Loop.spawn { await failure { try await client.send(["ECHO", "late"]) } }
                try await eventually { client.statistics.inFlight == 1 }
                waiting.cancel()
                let error = await waiting.value
                #expect(error?.code == .closed && error?.outcomeUnknown == true)
                server.thaw()
                #expect(try await client.send(["ECHO", "next"]) == .string("next"))
                let early = Loop.spawn { await failure { try await client.send(["PING"]) } }
                early.cancel()
                #expect(await early.value?.outcomeUnknown == false)
            }
        }
    }

    @Test func `each connection is introduced before it counts as connected`() async throws {
        try await withRedis { server in
            let client = RedisClient(url: try #require(RedisURL(server.url)), name: "introduced", options: .quick)
            var infos: [RedisConnectionInfo] = []
            var names: [String] = []
            client.onConnect = { info in
                infos.append(info)
                #expect(!client.isConnected)
                names.append((try? await client.send(["CLIENT", "GETNAME"]).string) ?? "")
            }
            let running = Loop.spawn { await client.run() }
            try await client.connected(within: .seconds(20))
            _ = await failure { try await client.send(["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no"]) }
            try await eventually { infos.count == 2 && client.isConnected }
            try await server.kill()
            try await server.restart()
            try await eventually { infos.count == 3 && client.isConnected }
            #expect(infos.map(\.isFirst) == [true, false, false])
            #expect(infos[0].runID == infos[1].runID && infos[1].runID != infos[2].runID)
            #expect(names == Array(repeating: "introduced", count: 3))
            #expect(infos[0].runID.count == 40 && infos[0].version.contains("."))
            client.close()
            await running.value
            // It keeps the client.
            client.onConnect = nil
        }
    }
}
