import Configuration
import EventLoop
import TestSupport
import Testing

@testable import Redis

/// A server that listens by TLS and at a Unix socket too.
@ServiceActor
private struct SecureRedis {
    let server: RedisServer
    let port: UInt16
    let socket: String
    /// What the server shows, and what it trusts its clients by.
    let own: TestCertificate
    let client: TestCertificate

    var trusting: RedisTLS { RedisTLS(authority: own.certificate) }
    var known: RedisTLS { RedisTLS(authority: own.certificate, certificate: client.certificate, key: client.key) }

    func url(_ host: String = "127.0.0.1") throws -> RedisURL { try #require(RedisURL("rediss://\(host):\(port)/1")) }

    func reader(_ tls: RedisTLS, at url: RedisURL? = nil, connecting limit: Duration = RedisOptions.quick.connectTimeout) throws -> RedisReader {
        var options = RedisOptions.quick
        options.connectTimeout = limit
        options.tls = tls
        return RedisReader(url: try url ?? self.url(), name: "test", options: options)
    }

    static func with(
        asksClients: Bool = false, for names: [String] = ["DNS:localhost", "IP:127.0.0.1"],
        _ body: @ServiceActor (SecureRedis) async throws -> Void
    ) async throws {
        let folder = try temporaryDirectory("redis-tls")
        defer { removeDirectory(folder) }
        let own = try await TestCertificate.make(in: folder, for: names)
        let client = try await TestCertificate.make(in: folder, called: "client", for: ["DNS:client"])
        let port = try freePort()
        let settings = [
            "--tls-port", String(port), "--tls-cert-file", own.certificate, "--tls-key-file", own.key, "--tls-ca-cert-file", client.certificate,
            "--tls-auth-clients", asksClients ? "yes" : "no", "--unixsocket", "\(folder)/s",
        ]
        try await withRedis(settings) {
            try await body(SecureRedis(server: $0, port: port, socket: "\(folder)/s", own: own, client: client))
        }
    }
}

/// The ways to a server: TCP, TLS and Unix sockets.
@Suite(.onLoop) @ServiceActor
struct RedisTransportTests {
    private func refusal(_ reader: RedisReader) async -> RedisError? {
        let error = await failure { try await reader.send(["PING"], timeout: .seconds(5)) }
        reader.close()
        return error
    }

    /// Everything that the engine does with Redis, on one way to it.
    private func isServed(_ url: RedisURL, _ tls: RedisTLS = RedisTLS()) async throws {
        var options = RedisOptions.quick
        options.tls = tls
        let client = RedisClient(url: url, name: "test", options: options)
        let subscriber = RedisSubscriber(url: url, name: "test", options: options)
        let reader = RedisReader(url: url, name: "test", options: options)
        let running = [Loop.spawn { await client.run() }, Loop.spawn { await subscriber.run() }]
        try await client.connected(within: .seconds(20))
        try await subscriber.connected(within: .seconds(20))
        // More than any socket takes at once, there and back.
        let large = String(repeating: "0123456789abcdef", count: 1 << 20)
        #expect(try await client.send(["SET", "large", large]) == .string("OK"))
        #expect(try await client.send(["GET", "large"]) == .string(large))
        let numbers = try await client.send(all: (0..<1000).map { ["INCRBY", "n-\(url)", String($0)] })
        #expect(try numbers.last?.get() == .integer(499_500))
        let record = Record()
        _ = try await subscriber.subscribe("c-\(url)") { record.note($0) }
        let blocked = Loop.spawn { try await reader.send(["BLPOP", "list", "10"], timeout: .seconds(20)) }
        _ = try await client.send(["PUBLISH", "c-\(url)", "hello"])
        _ = try await client.send(["RPUSH", "list", "x"])
        try await eventually { record.texts == ["hello"] }
        #expect(try await blocked.value == .array([.string("list"), .string("x")]))
        _ = await failure { try await client.send(["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no"]) }
        try await eventually { client.statistics.reconnects == 1 && client.isConnected }
        reader.close()
        subscriber.close()
        client.close()
        for task in running { await task.value }
    }

    @Test func `TCP, TLS and a Unix socket serve alike`() async throws {
        try await SecureRedis.with { redis in
            try await isServed(try #require(RedisURL("redis://127.0.0.1:\(redis.server.port)/1")))
            try await isServed(try redis.url(), redis.trusting)
            try await isServed(try redis.url("localhost"), redis.trusting)
            try await isServed(try #require(RedisURL("redis+unix://\(redis.socket)?db=1")))
        }
    }

    @Test func `a certificate that nobody trusts is refused, and that is said`() async throws {
        try await SecureRedis.with { redis in
            let error = await refusal(try redis.reader(RedisTLS()))
            #expect(error?.code == .unavailable && error?.message.contains("the certificate is not trusted: self-signed") == true)
            #expect(await refusal(try redis.reader(RedisTLS(authority: redis.client.certificate)))?.message.contains("not trusted") == true)
        }
    }

    @Test(arguments: [("127.0.0.1", ["DNS:localhost"]), ("localhost", ["IP:127.0.0.1"]), ("localhost", ["DNS:other"])])
    func `a certificate for another host is refused`(host: String, names: [String]) async throws {
        try await SecureRedis.with(for: names) { redis in
            let error = await refusal(try redis.reader(redis.trusting, at: redis.url(host)))
            #expect(error?.code == .unavailable && error?.message.contains("mismatch") == true, "\(error as Any)")
        }
    }

    @Test func `a server that asks for a certificate gets the engine's own`() async throws {
        try await SecureRedis.with(asksClients: true) { redis in
            #expect(await refusal(try redis.reader(redis.trusting)) != nil)
            let reader = try redis.reader(redis.known)
            #expect(try await reader.send(["PING"], timeout: .seconds(5)) == .string("PONG"))
            reader.close()
        }
    }

    @Test func `TLS to a server that speaks none, and none to one that speaks it, ends soon`() async throws {
        try await SecureRedis.with { redis in
            let plain = try #require(RedisURL("rediss://127.0.0.1:\(redis.server.port)"))
            #expect(await refusal(try redis.reader(redis.trusting, at: plain, connecting: .seconds(2)))?.code == .unavailable)
            let secure = try #require(RedisURL("redis://127.0.0.1:\(redis.port)"))
            #expect(await refusal(try redis.reader(RedisTLS(), at: secure, connecting: .seconds(2))) != nil)
        }
    }

    @Test func `a server that is killed under TLS ends what is in flight`() async throws {
        try await SecureRedis.with { redis in
            let reader = try redis.reader(redis.trusting)
            _ = try await reader.send(["PING"], timeout: .seconds(5))
            let blocked = Loop.spawn { await failure { try await reader.send(["BLPOP", "list", "20"], timeout: .seconds(30)) } }
            try await eventually {
                let clients = try await withClient(redis.server) { try await $0.send(["INFO", "clients"]) }
                return clients.string?.contains("blocked_clients:1") ?? false
            }
            try await redis.server.kill()
            let error = await blocked.value
            #expect(error?.code == .connectionLost && error?.outcomeUnknown == true)
            reader.close()
        }
    }

    @Test func `a file of TLS that cannot be used is named`() async throws {
        var options = RedisOptions()
        options.tls.authority = "/nowhere/ca.pem"
        #expect(throws: RedisError.self) { try options.check() }
        do throws(RedisError) { try options.check() } catch { #expect(error.message.contains("/nowhere/ca.pem")) }
    }

    @Test func `a Unix socket that nobody listens at is named`() async throws {
        let reader = RedisReader(url: try #require(RedisURL("redis+unix:///nowhere/redis.sock")), name: "test", options: .quick)
        let error = await refusal(reader)
        #expect(error?.code == .unavailable && error?.message.contains("/nowhere/redis.sock: No such file") == true)
    }
}
