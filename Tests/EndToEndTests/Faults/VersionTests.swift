import EventLoop
import JSON
import Redis
import TestSupport
import Testing

/// Tests processes of two versions beside each other. Scripts are told apart by their digest, and what a newer version adds is passed on.
@Suite("Versions", .onLoop) @ServiceActor
struct VersionTests {
    @Test(.engine(replicas: [.router: 2, .executor: 2], settings: ["MOCK_SWAP_LATENCY_MS": "200-800", "MOCK_FAILURE_RATE": "0.1"]))
    func `Scripts of another version, and scripts that Redis forgets under load, change nothing`() async throws {
        let engine = Engine.current
        let load = engine.load(every: .milliseconds(30))
        let other = "redis.call('HINCRBY', KEYS[1], 'newer', 1) return 'of another version'"
        for _ in 0..<20 {
            var digest = ""
            for master in engine.redis.masters {
                _ = try await master.send(["SCRIPT", "FLUSH", "SYNC"])
                digest = try #require(try await master.send(["SCRIPT", "LOAD", other]).string)
            }
            #expect(try await engine.redis.send(["EVALSHA", digest, "1", "orders:newer"]).string == "of another version")
            try await sleep(for: .milliseconds(100))
        }
        let ids = try await load.stop()
        try await engine.audit(ids)
        #expect(try await engine.redis.send(["HGET", "orders:newer", "newer"]).string == "20")
    }

    /// A step of a newer executor: like today's, with more in the event, the stream entry and the hash.
    private nonisolated static let step = """
        local state, seq, at, entry = string.match(redis.call('HGET', KEYS[1], 's'), '^(%S+ %S+ %S+) (%S+) (%S+) (.*)$')
        redis.call('HSET', KEYS[1], 's', table.concat({ state, seq + 1, at, entry }, ' '), seq + 1, '{' .. ARGV[2], 'p', '1', 'riskScore', '7')
        redis.call('XADD', KEYS[2], '*', 'id', ARGV[1], 'newer', '1')
        return redis.call(ARGV[3], ARGV[4], '{"orderId":"' .. ARGV[1] .. '","status":"routing",' .. ARGV[2])
        """

    @Test(.engine(replicas: [.executor: 0]))
    func `What a newer version adds to events, entries and orders is shown, streamed and stored`() async throws {
        let engine = Engine.current
        let id = try await engine.place()
        let socket = try await engine.socket("/v1/stream?orderId=\(id)")
        let documents = try await engine.socket("/ws/orders/\(id)")
        try await engine.wait(id, for: ["routed"])
        let last = try #require(try await engine.lines(of: id).last)
        let failure = #""error":{"code":"WALLET_FROZEN","message":"The wallet is frozen","retryable":true}"#
        let newer = #""newer":{"legs":[{"dex":"later"}],"risk":0.5}"#
        let line = String(last.dropFirst().dropLast()).replacing(#""seq":3"#, with: #""seq":4"#) + ",\(failure),\(newer)}"
        _ = try await engine.redis.send(["EVAL", Self.step, "2", Engine.key(id), "orders:{0}:events", id, line] + engine.telling(id))
        let event = try #require(try await engine.events(id).last)
        #expect(event.hasSuffix(",\(failure),\(newer)}"))
        for seq in 1...3 { #expect(try JSONValue.parse(await socket.text())["event"]?["seq"]?.integer == Int64(seq)) }
        #expect(try await socket.text() == #"{"op":"event","event":\#(event)}"#)
        let shown = try await engine.show(id)
        #expect(shown["status"]?.string == "routing" && shown["lastError"]?.string == "The wallet is frozen")
        try await engine.waitUntilStored([id], as: "routing")
        #expect(try await engine.send("GET", "/api/orders?status=routing").json["orders"]?.array?.count == 1)

        try await engine.stack.start(.executor)
        let rest = try await socket.conversation()
        #expect(rest.closeCode == 1000 && rest.json.map { $0["event"]?["seq"]?.integer } == [5, 6, 7, 8])
        #expect(try await documents.conversation().closeCode == 1000)
        try await engine.audit([id])
        #expect(try await engine.record(id)["riskScore"] != nil)
    }
}
