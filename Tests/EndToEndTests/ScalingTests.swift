import EventLoop
import Glibc
import JSON
import TestSupport
import Testing

/// Tests that partitions are read while processes of a stage come and go.
@Suite("Scaling", .onLoop) @ServiceActor
struct ScalingTests {
    /// The partitions that a process reads, from its metrics.
    private func served(_ service: StackService, _ number: Int) async throws -> Int {
        let engine = Engine.current
        let lines = try await engine.send("GET", "/metrics", to: service, number).text.split(separator: "\n")
        return lines.first { $0.hasPrefix("partitions_served ") }.flatMap { $0.split(separator: " ").last.flatMap { Int(Double($0) ?? -1) } } ?? -1
    }

    @Test(
        .engine(replicas: [.router: 2, .executor: 2], settings: ["PARTITIONS": "16", "MOCK_SWAP_LATENCY_MS": "300-900"]))
    func `With orders under way routers and executors go from two to six and back, no order is lost and no partition waits for five seconds`()
        async throws
    {
        let engine = Engine.current
        let load = engine.load(every: .milliseconds(40))
        let waits = Waits(engine)
        for number in 3...6 {
            try await engine.stack.start(.router)
            try await engine.stack.start(.executor)
            #expect(engine.stack.livingPID(.router, number) != nil)
        }
        for service in [StackService.router, .executor] {
            try await eventually {
                var sum = 0
                for number in 1...6 { sum += try await served(service, number) }
                return sum == 32
            }
        }
        // The four that were there first stop together, then two at a time.
        for numbers in [[1, 2], [3], [4]] {
            let codes = try await together(2 * numbers.count) { index in
                try await engine.stack.terminate(index % 2 == 0 ? .router : .executor, numbers[index / 2]).code
            }
            #expect(codes.allSatisfy { $0 == 0 })
        }
        for service in [StackService.router, .executor] {
            for number in 5...6 { try await eventually { try await served(service, number) == 16 } }
        }
        // A quick machine is through before so many clients have come.
        try await eventually { load.count > 100 }
        let ids = try await load.stop()
        await waits.stop()
        #expect(ids.count > 100)
        #expect(waits.areWithin(.seconds(5)), "\(waits.longestMs) ms")
        try await engine.audit(ids)
    }

    @Test(
        .engine(replicas: [.router: 4, .executor: 4], settings: ["PARTITIONS": "16", "MOCK_SWAP_LATENCY_MS": "300-900"]))
    func `When two of four routers and two of four executors are killed, the others read their partitions within five seconds`() async throws {
        let engine = Engine.current
        let load = engine.load(every: .milliseconds(40))
        try await eventually { load.count > 40 }
        let waits = Waits(engine)
        for number in 1...2 {
            try await engine.stack.kill(.router, number)
            try await engine.stack.kill(.executor, number)
        }
        for service in [StackService.router, .executor] {
            for number in 3...4 { try await eventually { try await served(service, number) == 16 } }
        }
        let ids = try await load.stop()
        await waits.stop()
        #expect(waits.areWithin(.seconds(5)), "\(waits.longestMs) ms")
        try await engine.audit(ids)
    }
}
