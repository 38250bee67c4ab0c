import Configuration
import EventLoop
import TestSupport
import Testing

@testable import Redis

/// A client of a Redis Cluster of three masters and three replicas.
@Suite(.serialized, .onLoop) @ServiceActor
struct RedisClusterTests {
    /// A key of each master.
    private static let keys = ["orders:{1}:k", "orders:{0}:k", "orders:{3}:k"]
    private static let double = RedisScript(name: "double", source: "return redis.call('INCRBY', KEYS[1], 2)")
    private static let both = RedisScript(
        name: "both", source: "redis.call('GET', KEYS[1]) redis.call('SET', KEYS[1], 'x') return redis.call('INCR', KEYS[2])")

    private static let undeclared = RedisScript(name: "undeclared", source: "return redis.call('INCR', ARGV[1])")

    /// Runs `body` with a client of the cluster.
    private func withClient(_ body: @ServiceActor (ClusterServers, RedisClient) async throws -> Void) async throws {
        try await ClusterServers.with { servers in
            var options = RedisOptions.quick
            options.connectTimeout = .seconds(4)
            let client = RedisClient(url: try #require(RedisURL(servers.url)), name: "test", options: options)
            try await alongside({ await client.run() }, stop: { client.close() }) {
                try await client.connected(within: .seconds(20))
                try await body(servers, client)
            }
        }
    }

    @Test func `each command goes to the master of its key, many at once too, and scripts are loaded where they are missing`() async throws {
        try await withClient { servers, client in
            #expect(client.masters.map(\.endpoint) == servers.masters.map { "127.0.0.1:\($0.port)" }.sorted())
            let keys = (0..<64).map { "orders:{\($0)}:k" }
            for reply in try await client.send(all: keys.map { ["SET", $0, "1"] }) { #expect(try reply.get() == .string("OK")) }
            for key in keys { #expect(try await client.evaluate(Self.double, keys: [key], arguments: []) == .integer(3)) }
            let replies = try await client.send(all: keys.map { ["GET", $0] } + [["GET", "orders:{0}:none"], ["INCR", keys[0]]])
            #expect(try replies.map { try $0.get() } == keys.map { _ in .string("3") } + [.null, .integer(4)])
            var sizes: [Int64] = []
            for master in client.masters { sizes.append(try await master.send(["DBSIZE"]).integer ?? 0) }
            #expect(sizes.reduce(0, +) == 64 && sizes.allSatisfy { $0 > 10 })
            let across = await failure { try await client.send(["EXISTS"] + Self.keys) }
            #expect(across?.code == .rejected("CROSSSLOT"))
            #expect(client.statistics.reconnects == 0)
        }
    }

    @Test func `when a master has died, its replica is found, and the other masters are not disturbed`() async throws {
        try await withClient { servers, client in
            let lost = try await servers.master(of: Self.keys[1])
            for key in Self.keys { _ = try await client.send(["SET", key, "v"]) }
            let index = try #require(servers.masters.firstIndex { $0.port == lost.port })
            try await eventually {
                try await servers.send("DBSIZE", to: servers.replicas[index]) == servers.send("DBSIZE", to: lost)
            }
            try await lost.kill()
            try await eventually { (try? await client.send(["GET", Self.keys[1]])) == .string("v") }
            for key in Self.keys { #expect(try await client.send(["GET", key]) == .string("v")) }
            #expect(client.isConnected)
            #expect(client.masters.map(\.endpoint).contains("127.0.0.1:\(servers.replicas[index].port)"))
            try await eventually { client.masters.count == 3 }
        }
    }

    @Test func `a planned failover refuses no command`() async throws {
        try await withClient { servers, client in
            _ = try await client.send(["SET", Self.keys[0], "0"])
            let master = try await servers.master(of: Self.keys[0])
            let replica = servers.replicas[try #require(servers.masters.firstIndex { $0.port == master.port })]
            let work = Loop.spawn {
                var answered: Int64 = 0
                while !Task.isCancelled {
                    guard try await client.send(["INCR", Self.keys[0]]).integer != nil else { throw TestFailure("no number") }
                    answered += 1
                }
                return answered
            }
            try await servers.failOver(to: replica)
            let first = try await client.send(["GET", Self.keys[0]]).integer ?? 0
            let isGoingOn = (try? await eventually { try await client.send(["GET", Self.keys[0]]).integer ?? 0 > first + 10 }) != nil
            work.cancel()
            // The last one is cancelled: nobody knows whether it was counted.
            let error = await #expect(throws: RedisError.self) { try await work.value }
            #expect(error?.code == .closed && isGoingOn)
        }
    }

    @Test func `keys of a slot that moves are found at both ends, and a script that needs both waits until it has moved`() async throws {
        try await withClient { servers, client in
            let (here, there) = ("orders:{0}:here", "orders:{0}:there")
            for key in [here, there] { _ = try await client.send(["SET", key, "1"]) }
            let source = try await servers.master(of: here)
            let target = try #require(servers.masters.first { $0.port != source.port })
            try await servers.beginMove(of: here, to: target)
            try await servers.move([there], from: source, to: target)
            #expect(try await client.send(["INCR", here]) == .integer(2))
            #expect(try await client.send(["INCR", there]) == .integer(2))
            let batch = try await client.send(all: [["INCR", here], ["INCR", there], ["GET", Self.keys[0]]])
            #expect(try batch.map { try $0.get() } == [.integer(3), .integer(3), .null])
            // The last one would find its other key missing at the node where the first has gone.
            for (script, keys) in [(Self.both, [here, there]), (Self.double, [there]), (Self.undeclared, [there])] {
                let short = await failure { try await client.evaluate(script, keys: keys, arguments: [here], timeout: .seconds(2)) }
                #expect(short?.code == .rejected("TRYAGAIN"), "\(script.name): \(String(describing: short))")
            }
            let waiting = Loop.spawn { try await client.evaluate(Self.both, keys: [here, there], arguments: []) }
            try await servers.moveSlot(of: here, to: target)
            #expect(try await waiting.value == .integer(4))
            #expect(try await client.send(["GET", here]) == .string("x"))
        }
    }

    @Test func `a blocked reader goes on where its stream has moved, and gets each entry once`() async throws {
        try await withClient { servers, client in
            let stream = "orders:{0}:s"
            _ = try await client.send(["XGROUP", "CREATE", stream, "g", "0", "MKSTREAM"])
            let reader = client.reader(name: "test")
            defer { reader.close() }
            var seen: [String] = []
            let reading = Loop.spawn {
                while !Task.isCancelled {
                    let command = ["XREADGROUP", "GROUP", "g", "c", "BLOCK", "5000", "STREAMS", stream, ">"]
                    let reply = try? await reader.send(command, timeout: .seconds(10))
                    for entry in reply?.array?.first?.array?.last?.array ?? [] { seen.append(entry.array?.last?.array?.last?.string ?? "") }
                    if reply == nil { try? await sleep(for: .milliseconds(20)) }
                }
            }
            _ = try await client.send(["XADD", stream, "*", "n", "1"])
            try await eventually { seen == ["1"] }
            let source = try await servers.master(of: stream)
            let target = try #require(servers.masters.first { $0.port != source.port })
            try await servers.beginMove(of: stream, to: target)
            try await servers.move([stream], from: source, to: target)
            _ = try await client.send(["XADD", stream, "*", "n", "2"])
            try await eventually { seen == ["1", "2"] }
            try await servers.moveSlot(of: stream, to: target)
            _ = try await client.send(["XADD", stream, "*", "n", "3"])
            try await eventually { seen == ["1", "2", "3"] }
            let replica = servers.replicas[try #require(servers.masters.firstIndex { $0.port == target.port })]
            try await servers.failOver(to: replica)
            _ = try await client.send(["XADD", stream, "*", "n", "4"])
            try await eventually { seen == ["1", "2", "3", "4"] }
            reading.cancel()
            await reading.value
        }
    }

    @Test func `a client that starts while one master is silent is prepared with the others, and again when it is there`() async throws {
        try await ClusterServers.with { servers in
            servers.masters[0].freeze()
            servers.replicas[0].freeze()
            var options = RedisOptions.quick
            options.connectTimeout = .seconds(1)
            let client = RedisClient(url: try #require(RedisURL(servers.url)), name: "test", options: options)
            var prepared: [Bool] = []
            client.onConnect = { prepared.append($0.isFirst) }
            try await alongside({ await client.run() }, stop: { client.close() }) {
                try await client.connected(within: .seconds(20))
                #expect(client.canReach(Self.keys[0]) && !client.canReach(Self.keys[2]))
                #expect(try await client.send(["SET", Self.keys[1], "v"]) == .string("OK"))
                servers.masters[0].thaw()
                servers.replicas[0].thaw()
                try await eventually { prepared == [true, false] && client.canReach(Self.keys[2]) }
            }
        }
    }

    @Test func `a client of a cluster that is away says so, and finds it when it comes`() async throws {
        let ports = [try freePort(), try freePort()]
        var options = RedisOptions.quick
        options.connectTimeout = .seconds(1)
        let url = try #require(RedisURL("redis+cluster://127.0.0.1:\(ports[0]),127.0.0.1:\(ports[1])"))
        let client = RedisClient(url: url, name: "test", options: options)
        try await alongside({ await client.run() }, stop: { client.close() }) {
            let error = await failure { try await client.connected(within: .milliseconds(300)) }
            #expect(error?.code == .unavailable && error?.message.contains("cluster") == true, "\(String(describing: error))")
            #expect(await failure { try await client.send(["GET", "k"]) }?.code == .unavailable)
            let options = ["--cluster-enabled", "yes", "--cluster-port", String(try freePort())]
            try await withRedis(options + ["--port", String(ports[1])]) { _ in
                _ = try await ChildProcess.run(["redis-cli", "-p", String(ports[1]), "CLUSTER", "ADDSLOTSRANGE", "0", "16383"])
                try await client.connected(within: .seconds(20))
                #expect(try await client.send(["SET", "k", "v"]) == .string("OK"))
            }
        }
    }
}
