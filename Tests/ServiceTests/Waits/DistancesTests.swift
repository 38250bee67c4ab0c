import Configuration
import EventLoop
import Marks
import Orders
import Pipeline
import ServiceKit
import TestOrders
import TestSupport
import Testing

@testable import GatewayService

/// Tests that lists do not wait for marks of one partition after the other.
@Suite(.onLoop) @ServiceActor
struct DistancesTests {
    /// Never answers.
    private final class Silence: MarkSource {
        func marks(_ questions: Set<MarkQuestion>, partition: Int) async -> [MarkQuestion: Mark] {
            try? await sleep(for: .seconds(60))
            return [:]
        }
    }

    @Test func `a market that does not answer holds up the list once, whatever the partitions`() async throws {
        try await withProcess(GatewaySettings.self, ["PARTITIONS": "32"]) { test in
            var orders: [OrderView] = []
            for partition in 0..<32 {
                var random = SystemRandomNumberGenerator()
                let order = Samples.waiting(id: OrderID(milliseconds: 1_768_030_217_789, partition: UInt8(partition), random: &random))
                try await test.hold(order)
                orders.append(OrderView(try #require(try await test.pipeline.snapshot(order.id))))
            }
            let triggers = TriggerCheck(marks: Silence(), maxAge: 5000, clock: test.process.heartbeat.clock)
            let start = MonotonicInstant.now
            let found = await Distances(triggers: triggers, pipeline: test.pipeline).of(orders)
            #expect(found.count == 32)
            #expect(start.elapsed < .seconds(5), "32 times 300 ms are 9.6 s")
        }
    }
}
