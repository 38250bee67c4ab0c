import Configuration
import EventLoop
import TestSupport
import Testing

@testable import Redis

/// What Redis says when it is there and does not serve: its own words arrive, and a connection that can never serve again is given up.
@Suite(.onLoop) @ServiceActor
struct RedisRefusalTests {
    private func reader(_ url: String) throws -> RedisReader { RedisReader(url: try #require(RedisURL(url)), name: "test", options: .quick) }

    // MARK: The door of Redis

    @Test func `that there is no place for another client is said in Redis' own words`() async throws {
        try await withRedis(["--maxclients", "1"]) { server in
            let first = try reader(server.url)
            #expect(try await first.send(["PING"], timeout: .seconds(5)) == .string("PONG"))
            let error = await failure { try await reader(server.url).send(["PING"], timeout: .seconds(5)) }
            #expect(error?.words == "ERR max number of clients reached" && error?.message.contains("\(server.port)") == true)
            let client = RedisClient(url: try #require(RedisURL(server.url)), name: "test", options: .quick)
            let running = Loop.spawn { await client.run() }
            await #expect(throws: RedisError.self) { try await client.connected(within: .milliseconds(200)) }
            #expect(client.unavailable.words == "ERR max number of clients reached")
            first.close()
            try await client.connected(within: .seconds(20))
            client.close()
            await running.value
        }
    }

    @Test(arguments: ["redis://127.0.0.1", "redis://:secret@127.0.0.1"])
    func `protected mode is said in Redis' own words, not as a closed connection`(host: String) async throws {
        let server = try FakeRedis()
        server.farewell = "-DENIED Redis is running in protected mode because protected mode is enabled\r\n"
        let error = await failure { try await reader("\(host):\(server.port)").send(["PING"], timeout: .seconds(5)) }
        #expect(error?.words == "DENIED Redis is running in protected mode because protected mode is enabled")
        server.stop()
    }

    @Test func `without the right to a channel a subscriber is told so in Redis' own words`() async throws {
        try await withRedis { server in
            try await withClient(server) { admin in
                _ = try await admin.send(["ACL", "SETUSER", "deaf", "on", "nopass", "~*", "+@all"])
                let subscriber = RedisSubscriber(url: try #require(RedisURL("redis://deaf@127.0.0.1:\(server.port)")), name: "test", options: .quick)
                var failures: [RedisError] = []
                subscriber.onFailure = { failures.append($0) }
                let running = Loop.spawn { await subscriber.run() }
                try await eventually { !failures.isEmpty }
                #expect(failures.first?.rejection == "NOPERM" && failures.first?.words?.contains("channels") == true)
                _ = try await admin.send(["ACL", "SETUSER", "deaf", "allchannels"])
                try await eventually { (try? await subscriber.subscribe("c") { _ in }) != nil }
                subscriber.close()
                await running.value
            }
        }
    }

    @Test(arguments: ["redis://:@", "redis://@", "redis://default@", "redis://default:@"])
    func `an empty password is none`(login: String) async throws {
        let server = try await RedisServer.shared()
        let reader = try reader("\(login)127.0.0.1:\(server.port)")
        #expect(try await reader.send(["ACL", "WHOAMI"], timeout: .seconds(5)) == .string("default"))
        reader.close()
    }

    @Test func `a user that needs no password is logged in without one`() async throws {
        try await withRedis { server in
            try await withClient(server) { admin in
                _ = try await admin.send(["ACL", "SETUSER", "engine", "on", "nopass", "+@all"])
                let reader = try reader("redis://engine@127.0.0.1:\(server.port)")
                #expect(try await reader.send(["ACL", "WHOAMI"], timeout: .seconds(5)) == .string("engine"))
                reader.close()
            }
        }
    }

    @Test func `a user without the right to choose a database or to be named is served in the first one`() async throws {
        try await withRedis { server in
            try await withClient(server) { admin in
                _ = try await admin.send(["ACL", "SETUSER", "plain", "on", "nopass", "~*", "+@all", "-select", "-client", "-info"])
                let reader = try reader("redis://plain@127.0.0.1:\(server.port)")
                #expect(try await reader.send(["GET", "k"], timeout: .seconds(5)) == .null)
                reader.close()
            }
        }
    }

    // MARK: Addresses

    @Test func `all addresses of a host are tried in one attempt, each attempt beginning with another`() async throws {
        let server = try await RedisServer.shared()
        let url = try #require(RedisURL("redis://somewhere:\(server.port)"))
        for turn in 0..<4 {
            let connection = RedisConnection(url: url, name: "test", options: .quick, turn: turn)
            // Nobody listens at the first two.
            connection.resolve = { _, _ in ["127.0.0.2", "127.0.0.3", "127.0.0.1"] }
            _ = try await connection.open()
            #expect(try await connection.send(["PING"]) == .string("PONG"))
            connection.close(.closed)
        }
        let nobody = RedisConnection(url: url, name: "test", options: .quick)
        nobody.resolve = { _, _ in ["127.0.0.2", "127.0.0.3"] }
        let error = await failure { try await nobody.open() }
        #expect(error?.code == .unavailable && error?.message.contains("refused") == true && error?.words == nil)
    }

    @Test func `an address that stays silent leaves time for the next one`() async throws {
        let server = try await RedisServer.shared()
        let silent = try SilentAddress(port: server.port)
        defer { withExtendedLifetime(silent) {} }
        var options = RedisOptions.quick
        options.connectTimeout = .seconds(1)
        let connection = RedisConnection(url: try #require(RedisURL("redis://somewhere:\(server.port)")), name: "test", options: options)
        connection.resolve = { _, _ in [SilentAddress.text, "127.0.0.1"] }
        let start = MonotonicInstant.now
        _ = try await connection.open()
        #expect(start.elapsed > .milliseconds(300), "the first address was waited for")
        connection.close(.closed)
    }

    // MARK: Servers that serve no more

    @Test func `a client gives a server up that has become a replica, and comes back when it is the master`() async throws {
        try await withRedis { server in
            try await withClient(server) { client in
                let id = try await client.send(["CLIENT", "ID"]).integer
                // Its own answer is the last one that the connection gives for good.
                _ = try await client.send(["REPLICAOF", "127.0.0.1", "1"])
                let error = await failure { try await client.send(["SET", "k", "v"]) }
                #expect(error?.rejection == "READONLY" && error?.outcomeUnknown == false)
                try await eventually { client.statistics.reconnects > 0 && client.isConnected }
                #expect(try await client.send(["CLIENT", "ID"]).integer != id)
                _ = try await client.send(["REPLICAOF", "NO", "ONE"])
                #expect(try await client.send(["SET", "k", "v"]) == .string("OK"))
            }
        }
    }

    @Test func `a script that a replica refuses ends the connection too, and with it what is in flight`() async throws {
        try await withRedis { server in
            try await withClient(server) { client in
                var failures: [RedisError] = []
                client.onFailure = { failures.append($0) }
                let script = RedisScript(name: "write", source: "#!lua flags=allow-oom\nreturn redis.call('SET', KEYS[1], 'v')")
                _ = try await client.evaluate(script, keys: ["k"], arguments: [])
                _ = try await client.send(["REPLICAOF", "127.0.0.1", "1"])
                #expect(await failure { try await client.evaluate(script, keys: ["k"], arguments: []) }?.rejection == "READONLY")
                try await eventually { !failures.isEmpty }
                #expect(failures[0].code == .connectionLost && failures[0].words?.hasPrefix("READONLY") == true)
            }
        }
    }

    @Test func `a blocking reader asks a new connection after a replica has refused it`() async throws {
        try await withRedis { server in
            try await withClient(server) { client in
                _ = try await client.send(["XGROUP", "CREATE", "s", "g", "0", "MKSTREAM"])
                let reader = try reader(server.url)
                let id = try await reader.send(["CLIENT", "ID"], timeout: .seconds(5)).integer
                _ = try await client.send(["REPLICAOF", "127.0.0.1", "1"])
                let read = ["XREADGROUP", "GROUP", "g", "c", "BLOCK", "1", "STREAMS", "s", ">"]
                #expect(await failure { try await reader.send(read, timeout: .seconds(5)) }?.rejection == "READONLY")
                #expect(try await reader.send(["CLIENT", "ID"], timeout: .seconds(5)).integer != id)
                reader.close()
            }
        }
    }

    @Test func `a subscriber that is told to looks its address up again, with all its channels`() async throws {
        try await withRedis { server in
            let subscriber = RedisSubscriber(url: try #require(RedisURL(server.url)), name: "test", options: .quick)
            let running = Loop.spawn { await subscriber.run() }
            try await subscriber.connected(within: .seconds(20))
            let record = Record()
            let again = Promise<Void>()
            subscriber.onReconnect = { again.succeed(()) }
            _ = try await subscriber.subscribe("c") { record.note($0) }
            subscriber.reconnect()
            try await again.value(within: .seconds(20))
            try await withClient(server) { client in
                #expect(try await client.send(["PUBLISH", "c", "x"]) == .integer(1))
                try await eventually { record.texts == ["x"] }
            }
            subscriber.close()
            await running.value
        }
    }

    @Test(arguments: [("READONLY a", true), ("LOADING a", true), ("MASTERDOWN a", true), ("NOAUTH a", true), ("NOPERM a", false), ("OOM a", false)])
    func `only what this connection can never get over ends it`(text: String, ends: Bool) async throws {
        let server = try FakeRedis()
        server.answer = { $0 == ["ECHO", "x"] ? "$1\r\nx\r\n" : "-\(text)\r\n" }
        let reader = try reader(server.url)
        #expect(await failure { try await reader.send(["SET", "k", "v"], timeout: .seconds(5)) }?.words == text)
        #expect(try await reader.send(["ECHO", "x"], timeout: .seconds(5)) == .string("x"))
        #expect(server.connections == (ends ? 2 : 1))
        reader.close()
        server.stop()
    }
}
