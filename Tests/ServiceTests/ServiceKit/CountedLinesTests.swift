import EventLoop
import JSON
import Observability
import TestSupport
import Testing

@testable import ServiceKit

@Suite(.onLoop) @ServiceActor
struct CountedLinesTests {
    @Test func `what happens often is one line a second with its count`() async throws {
        let sink = LineSink()
        let lines = CountedLines(log: Logger(service: "gateway", instance: "gateway-1", sink: sink))
        for _ in 0..<3 { lines.count("orders.accepted") }
        lines.count("orders.ended")
        #expect(sink.texts.isEmpty)
        try await eventually { sink.texts.count == 2 }
        let found = try sink.texts.map { try JSONValue.parse($0) }
        #expect(found.map { $0["event"]?.string } == ["orders.accepted", "orders.ended"] && found.map { $0["count"]?.integer } == [3, 1])
        lines.count("orders.accepted")
        lines.write()
        #expect(try JSONValue.parse(#require(sink.texts.last))["count"]?.integer == 1)
    }
}
