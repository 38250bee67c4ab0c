import JSON
import Observability
import Orders
import Synchronization
import Testing

@testable import ServiceKit

@Suite struct OrderLogTests {
    private final class Lines: LogSink {
        private let text = Mutex("")
        func write(_ line: [UInt8]) -> Bool {
            text.withLock { $0 = String(decoding: line.dropLast(), as: UTF8.self) }
            return true
        }
        func last() throws -> JSONValue { try JSONValue.parse(text.withLock { $0 }) }
    }

    private func order(_ traceparent: String?) -> Order {
        Order(
            id: Samples.id(), userId: nil, tokenIn: Samples.sol, tokenOut: Samples.usdc, amountIn: BaseUnits(1), slippageBps: 100,
            slippage: "0.01", createdAt: 1, traceparent: traceparent, maxAttempts: 3, fingerprint: "f")
    }

    @Test func `a line about an order has its id, its trace where there is one, and the fields of the event`() throws {
        let sink = Lines()
        let log = Logger(service: "executor", instance: "executor-1", sink: sink)
        log.order(.info, "order.confirmed", order("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), ["attempt": 2])
        let line = try sink.last()
        #expect(line["event"]?.string == "order.confirmed" && line["orderId"]?.string?.utf8.count == 36)
        #expect(line["traceId"]?.string == "4bf92f3577b34da6a3ce929d0e0e4736" && line["attempt"]?.integer == 2)
        log.order(.info, "order.confirmed", order(nil), ["attempt": 3])
        let untraced = try sink.last()
        #expect(untraced["traceId"] == nil && untraced["attempt"]?.integer == 3)
        log.order(.debug, "order.routed", order(nil))
        let last = try sink.last()
        #expect(last["event"]?.string == "order.confirmed", "a level that is not logged has written")
    }
}
