import Configuration
import EventLoop
import Observability
import Orders
import Redis
import TestSupport
import Testing

@testable import Pipeline
@testable import ServiceKit

/// Tests what the processes count of orders, with real scripts.
@Suite(.onLoop) @ServiceActor
struct OrderMetricsTests {
    private func withOrder(_ body: @ServiceActor (TestProcess<ExecutorSettings>, Order) async throws -> Void) async throws {
        try await withProcess(ExecutorSettings.self) { test in
            var random = SystemRandomNumberGenerator()
            let order = Samples.order(id: OrderID(milliseconds: UInt64(try await test.now()) - 2000, partition: 0, random: &random))
            try await test.accept(order)
            try await body(test, order)
        }
    }

    private func value(_ name: String, _ test: TestProcess<ExecutorSettings>) -> Double {
        let line = test.process.metrics.render().split(separator: "\n").first { $0.hasPrefix(name + " ") }
        return line.flatMap { Double($0.dropFirst(name.utf8.count + 1)) } ?? 0
    }

    private func failing(_ code: FailureCode) -> StepRequest { .after(OrderFailure(code), in: .routing, attempt: 1, maxAttempts: 1, delay: 0) }

    @Test func `an order that fails is counted with its code, its age and its time in the stage`() async throws {
        try await withOrder { test, _ in
            let entry = try await test.take(.router)
            _ = try await test.pipeline.begin(entry)
            #expect(value(#"order_stage_wait_seconds_count{stage="router"}"#, test) == 1)
            #expect(value(#"order_stage_duration_seconds_count{stage="router"}"#, test) == 0)
            try await sleep(for: .milliseconds(20))
            _ = try await test.pipeline.step(failing(.noRoute), entry)
            #expect(value(#"orders_finished_total{status="failed",code="NO_ROUTE"}"#, test) == 1)
            #expect((2...10).contains(value(#"order_duration_seconds_sum{status="failed"}"#, test)))
            #expect((0.02...5).contains(value(#"order_stage_duration_seconds_sum{stage="router"}"#, test)))
        }
    }

    @Test func `an end that was written already is not counted again`() async throws {
        try await withOrder { test, _ in
            let entry = try await test.take(.router)
            _ = try await test.pipeline.begin(entry)
            for _ in 0..<3 { _ = try await test.pipeline.step(failing(.noRoute), entry) }
            #expect(value(#"orders_finished_total{status="failed",code="NO_ROUTE"}"#, test) == 1)
            #expect(value(#"order_stage_duration_seconds_count{stage="router"}"#, test) == 1)
        }
    }

    @Test func `a cancelled order is counted by who cancelled it, once`() async throws {
        try await withOrder { test, order in
            for _ in 0..<2 {
                let outcome = try await test.pipeline.cancel(order.id)
                #expect(outcome == .cancelled)
            }
            #expect(value(#"orders_finished_total{status="cancelled",code=""}"#, test) == 1)
        }
    }

    @Test func `an order that is started too often is counted as poisoned, one in doubt has not ended`() async throws {
        try await withOrder { test, _ in
            let entry = try await test.take(.router)
            for delivery in 1...test.pipeline.settings.maxStarts + 1 {
                if delivery > 1 { _ = try await test.redis.send(["XCLAIM", test.keys.accepted, "router", entry.consumer, "0", entry.entry]) }
                _ = try await test.pipeline.begin(
                    WorkEntry(
                        stage: .router, partition: 0, entry: entry.entry, orderID: entry.orderID, round: 1, consumer: entry.consumer,
                        deliveries: delivery, token: String(UInt64.random(in: .min ... .max))))
            }
            #expect(value(#"orders_finished_total{status="failed",code="POISONED"}"#, test) == 1)
            #expect(value(#"order_duration_seconds_count{status="failed"}"#, test) == 1)
        }
    }

    @Test func `an order past its deadline is counted by the sweep`() async throws {
        try await withProcess(ExecutorSettings.self) { test in
            let now = UInt64(try await test.now())
            let order = Order(
                id: Samples.id(), userId: nil, tokenIn: Samples.sol, tokenOut: Samples.usdc, amountIn: BaseUnits(1), slippageBps: 100,
                slippage: "0.01", deadline: now - 1, createdAt: now - 10, maxAttempts: 3, fingerprint: "f")
            try await test.accept(order)
            #expect(try await test.pipeline.sweep(test.keys) == 1)
            #expect(value(#"orders_finished_total{status="failed",code="DEADLINE_EXCEEDED"}"#, test) == 1)
        }
    }

    @Test func `the time in an order's id is told, and none in that of another kind of UUID`() {
        #expect(Samples.id().milliseconds == 1_768_030_217_789)
        #expect(OrderID(parsing: "3f2504e0-4f89-41d3-9a0c-0305e82c3301")?.milliseconds == nil)
    }
}
