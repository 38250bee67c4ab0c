import EventLoop
import JSON
import TestSupport
import Testing

/// Tests a cable between Redis and one service that is cut, slow or lossy. All of it is in namespaces of the test's own.
@Suite(
    "Faults of the network", .onLoop,
    .enabled(if: NetworkLink.isAvailable, "needs root, network namespaces, /dev/net/tun, ip (iproute2) and python3")) @ServiceActor
struct NetworkFaultTests {
    @Test(.engine(settings: ["MOCK_SWAP_LATENCY_MS": "2500", "EXECUTOR_CONCURRENCY": "10", "MAX_UNDER_WAY": "10"], redisLayout: .single))
    func `An executor whose link to Redis falls silent notices within 5 s, others finish its orders, and it comes back clean`() async throws {
        let engine = Engine.current
        let link = try await NetworkLink(to: "\(engine.stack.redis.directory)/socket")
        try await stopping(link) {
            let far = try await engine.stack.start(.executor, link: link)
            var ids = try await engine.place(count: 20)
            for id in ids { try await engine.wait(id, for: ["submitted"]) }
            let (start, moment) = (MonotonicInstant.now, engine.now)
            link.cut()
            let line = try await eventually { engine.lines(.executor, far).first { $0.contains(#""redis.away""#) } }
            let noticed = try await engine.milliseconds(of: #require(JSONValue.parse(String(line))["time"]?.string)) - moment
            Faults.report("half-open link, until it is noticed", .milliseconds(noticed), of: .seconds(5))
            #expect(.milliseconds(noticed) < .seconds(5) + MachineWatch.lost(since: start))
            try await engine.waitForEnd(ids)
            #expect(engine.stack.log(.executor).contains(#""entries.claimed""#))
            try await sleep(for: Faults.full(.seconds(20), else: .seconds(6)) - start.elapsed)
            #expect(!engine.stack.log(.executor, far).contains(#""first":false"#))
            #expect(engine.lines(.executor, far).count < 200)

            link.heal()
            try await eventually { engine.stack.log(.executor, far).contains(#""first":false"#) }
            let done = confirmed(by: far)
            try await eventually(within: .seconds(30)) {
                ids += try await engine.place(count: 20)
                try await engine.waitForEnd(ids)
                return confirmed(by: far) > done
            }
            try await engine.audit(ids)
        }
    }

    @Test(.engine(replicas: [.router: 0, .executor: 0], redisLayout: .single))
    func `With 100 ms ± 50 of delay and 1 % loss towards Redis every order comes to its end as always`() async throws {
        let engine = Engine.current
        let link = try await NetworkLink(
            to: "\(engine.stack.redis.directory)/socket", delay: .milliseconds(100), jitter: .milliseconds(50), loss: 0.01)
        try await stopping(link) {
            try await engine.stack.start(.router, link: link)
            try await engine.stack.start(.executor, link: link)
            let start = MonotonicInstant.now
            let ids = try await engine.place(count: 30)
            try await engine.audit(ids)
            Faults.report("30 orders over a slow and lossy link", start.elapsed)
            #expect(try await together(ids.count) { try await engine.state(ids[$0]) }.allSatisfy { $0 == "confirmed" })
        }
    }

    private func confirmed(by number: Int) -> Int { Engine.current.lines(.executor, number).count { $0.contains(#""orders.confirmed""#) } }

    private func stopping(_ link: NetworkLink, _ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch {
            try await link.stop()
            throw error
        }
        try await link.stop()
    }
}
