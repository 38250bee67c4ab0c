import JSON
import Observability
import Orders
import Testing

@testable import ServiceKit

@Suite struct OrderLogTests {
    private func order(_ traceparent: String?) -> Order {
        Order(
            id: Samples.id(), userId: nil, tokenIn: Samples.sol, tokenOut: Samples.usdc, amountIn: BaseUnits(1), slippageBps: 100,
            slippage: "0.01", createdAt: 1, traceparent: traceparent, maxAttempts: 3, fingerprint: "f")
    }

    @Test func `a line about an order has its id, its trace where there is one, and the fields of the event`() throws {
        let sink = LineSink()
        let log = Logger(service: "executor", instance: "executor-1", sink: sink)
        log.order(.info, "order.confirmed", order("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), ["attempt": 2])
        let line = try JSONValue.parse(#require(sink.texts.last))
        #expect(line["event"]?.string == "order.confirmed" && line["orderId"]?.string?.utf8.count == 36)
        #expect(line["traceId"]?.string == "4bf92f3577b34da6a3ce929d0e0e4736" && line["attempt"]?.integer == 2)
        log.order(.info, "order.confirmed", order(nil), ["attempt": 3])
        let untraced = try JSONValue.parse(#require(sink.texts.last))
        #expect(untraced["traceId"] == nil && untraced["attempt"]?.integer == 3)
        log.order(.debug, "order.routed", order(nil))
        let last = try JSONValue.parse(#require(sink.texts.last))
        #expect(last["event"]?.string == "order.confirmed", "a level that is not logged has written")
    }
}
