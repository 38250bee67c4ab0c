import EventLoop
import JSON
import TestSupport
import Testing

@Suite("Shutdown", .onLoop) @ServiceActor
struct ShutdownTests {
    @Test(
        .engine(
            replicas: [.gateway: 2, .router: 2, .executor: 2, .notifier: 2],
            settings: ["MOCK_QUOTE_LATENCY_MS": "300", "MOCK_SWAP_LATENCY_MS": "300-900"]))
    func `One of two of each service stops with 0 within its grace under load, and nothing is lost`() async throws {
        let engine = Engine.current
        var ids = try await engine.place(count: 40)
        try await engine.wait(ids[0], for: ["routing", "routed", "building", "submitted"])
        let later = Loop.spawn { try await together(40) { _ in try await engine.place(gateway: 2) } }
        try await stopAll(engine, within: .seconds(9))
        for service in StackService.allCases { #expect(engine.stack.log(service).contains(#""service.stopped""#)) }
        ids += try await later.value
        try await engine.audit(ids)
        #expect(try await together(80) { try await engine.state(ids[$0]) }.allSatisfy { $0 == "confirmed" })
    }

    /// Sends SIGTERM to the first process of each service at once, and checks that each ends with 0 within the limit.
    private func stopAll(_ engine: Engine, within limit: Duration) async throws {
        let endings = try await together(StackService.allCases.count) { try await engine.stack.terminate(StackService.allCases[$0]) }
        for (service, (code, duration)) in zip(StackService.allCases, endings) {
            #expect(code == 0 && duration < limit, "\(service) ended with \(code) after \(duration)")
        }
    }

    @Test(.engine(settings: ["MOCK_SWAP_LATENCY_MS": "2500-3000", "SHUTDOWN_GRACE_S": "3", "VISIBILITY_TIMEOUT_MS": "60000", "RENEW_MS": "500"]))
    func `What an executor cannot finish within its grace it hands back, and another finishes it without a second transaction`() async throws {
        let engine = Engine.current
        let ids = try await engine.place(count: 10)
        for id in ids { try await engine.wait(id, for: ["submitted"]) }
        let hashes = try await together(10) { try await engine.signature(of: ids[$0]) }
        try await engine.stack.start(.executor)
        let (code, duration) = try await engine.stack.terminate(.executor, 1)
        #expect(code == 0 && duration < .seconds(4))
        // The limit is far below the visibility time-out: the entries were handed back, not left.
        try await engine.audit(ids, within: .seconds(30))
        #expect(try await together(10) { try await engine.landed(ids[$0]).first?["signature"] ?? "" } == hashes)
    }

    @Test(
        .engine(
            settings: ["MOCK_SWAP_LATENCY_MS": "2500-3000", "SHUTDOWN_GRACE_S": "2", "VISIBILITY_TIMEOUT_MS": "3000", "RENEW_MS": "500"],
            ownPostgres: true))
    func `A Redis and a Postgres that do not answer keep no service beyond its grace, and what was in hand is taken over later`() async throws {
        let engine = Engine.current
        let ids = try await engine.place(count: 10)
        for id in ids { try await engine.wait(id, for: ["submitted"]) }
        engine.stack.redis.freeze()
        try engine.stack.postgres.pause()
        try await stopAll(engine, within: .milliseconds(2900))
        engine.stack.redis.thaw()
        try engine.stack.postgres.resume()
        #expect(engine.stack.log(.executor).contains(#""service.stop_cut_short""#))
        for service in StackService.allCases { try await engine.stack.start(service) }
        try await engine.audit(ids, within: .seconds(30))
    }

    @Test(.engine(replicas: [.executor: 0, .notifier: 2]))
    func `A notifier that stops closes its sockets with 1012, and another goes on from there`() async throws {
        let engine = Engine.current
        let id = try await engine.place()
        let socket = try await engine.socket("/v1/stream?orderId=\(id)")
        try await engine.wait(id, for: ["routed"])
        let ending = Loop.spawn { try await engine.stack.terminate(.notifier, 1) }
        let first = try await socket.conversation()
        #expect(first.closeCode == 1012 && first.messages.count == 3)
        #expect(try await ending.value.code == 0)
        let resumed = try await engine.socket("/v1/stream?orderId=\(id)&after=3", notifier: 2)
        try await engine.stack.start(.executor)
        let second = try await resumed.conversation()
        #expect(second.closeCode == 1000)
        #expect((first.json + second.json).map { $0["event"]?["seq"]?.integer } == [1, 2, 3, 4, 5, 6, 7])
        try await engine.audit([id])
    }
}
