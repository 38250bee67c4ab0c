import EventLoop
import HTTP
import JSON
import TestSupport
import Testing

@testable import OrderCtl

@Suite(.onLoop) @ServiceActor
struct WatchTests {
    /// Answers one after the other, the last again and again; notes what each client had seen.
    private func withStream(
        _ answers: HTTPResponse..., body: @ServiceActor (String, @ServiceActor () -> [String]) async throws -> Void
    ) async throws {
        var (left, seen) = (answers, [String]())
        let routes: @ServiceActor (HTTPRouter) -> Void = { router in
            router.get("/api/orders/{id}/events") { request, _ in
                seen.append(request.header("Last-Event-ID") ?? "")
                return left.count > 1 ? left.removeFirst() : left[0]
            }
        }
        try await withRoutes(routes) { try await body($0, { seen }) }
    }

    @Test func `each event is a line, over two connections, and the end is told`() async throws {
        let (first, second) = (OrderSamples.stream([OrderSamples.pending, OrderSamples.routed]), OrderSamples.stream(OrderSamples.confirmed))
        let away = HTTPResponse.problem(503, .unavailable, "no")
        try await withStream(first, away, away, second) { url, seen in
            let run = await ToolRun.of(["watch", "o-1", "--url", url])
            #expect(run.status == .ok && run.errors == "orderctl: the engine is away; looking for it again\n")
            #expect(
                run.output == """
                    07:30:17.000    0 %  pending           Order created and queued
                    07:30:17.250   30 %  routing           Best route: meteora
                    07:30:19.789  100 %  confirmed         Swap executed successfully
                    Received 218.1 at 145.4 on meteora, slippage -5 bps, transaction sig

                    """)
            #expect(seen() == ["0", "2", "2", "2"])
        }
    }

    @Test func `streams that end at once without an event are those of an engine that is away`() async throws {
        let (first, second) = (OrderSamples.stream([OrderSamples.pending, OrderSamples.routed]), OrderSamples.stream(OrderSamples.confirmed))
        let empty = HTTPResponse(status: 200, headers: [("Content-Type", "text/event-stream")], body: "retry: 2000\n\n")
        try await withStream(first, empty, empty, second) { url, seen in
            let start = MonotonicInstant.now
            let run = await ToolRun.of(["watch", "o-1", "--url", url])
            #expect(run.status == .ok && run.errors == "orderctl: the engine is away; looking for it again\n")
            #expect(seen() == ["0", "2", "2", "2"] && start.elapsed > .milliseconds(250))
        }
        try await withStream(empty, second) { url, _ in
            let json = await ToolRun.of(["watch", "--json", "o-1", "--url", url])
            #expect(json.errors == #"{"error":{"code":"UNREACHABLE","message":"the engine is away; looking for it again"}}"# + "\n")
        }
    }

    @Test func `an engine that has lost what was seen shows all it has, once`() async throws {
        let cancelled = OrderSamples.end.replacing(#""seq":3"#, with: #""seq":2"#).replacing("confirmed", with: "cancelled")
        let (first, over) = (OrderSamples.stream([OrderSamples.pending, OrderSamples.routed]), HTTPResponse(status: 204))
        try await withStream(first, over, OrderSamples.stream([OrderSamples.pending, cancelled])) { url, seen in
            let run = await ToolRun.of(["watch", "--json", "o-1", "--url", url])
            #expect(run.status == .unfilled && run.errors.isEmpty && seen() == ["0", "2", "0"])
            let seqs = try run.output.split(separator: "\n").map { try JSONValue.parse(String($0))["seq"]?.integer }
            #expect(seqs == [1, 2, 1, 2])
        }
        try await withStream(first, over, first, over) { url, seen in
            let run = await ToolRun.of(["watch", "o-1", "--url", url])
            #expect(run.status == .unfilled && seen() == ["0", "2", "0", "2"])
        }
    }

    @Test func `the legs of a split order are told as they change, and counted at the end`() async throws {
        let whole = OrderSamples.end.replacing(#""txHash":"sig""#, with: OrderSamples.legs(("landed", "landed"), amountOut: "145400000"))
        try await withStream(OrderSamples.stream(OrderSamples.split)) { url, _ in
            let run = await ToolRun.of(["watch", "o-1", "--url", url])
            #expect(run.status == .unfilled)
            #expect(
                run.output.hasSuffix(
                    """
                                  LEG  VENUE          SHARE   QUOTED  RECEIVED  STATUS     TRANSACTION
                                  0    raydium        66.7 %  145.5   -         submitted  sig0
                                  1    mete\\u{1b}ora  33.3 %  72.5    -         submitted  sig1
                    07:30:18.000    0 %  failed            No; 1 of 1.5 SOL were filled for 145.4 USDC
                                  LEG  VENUE          SHARE   QUOTED  RECEIVED  STATUS  TRANSACTION
                                  0    raydium        66.7 %  145.5   145.4     landed  sig0
                                  1    mete\\u{1b}ora  33.3 %  72.5    -         failed  sig1
                    The order failed: No; 1 of 1.5 SOL were filled for 145.4 USDC

                    """), "\(run.output)")
            #expect(run.output.split(separator: "\n").count { $0.contains("LEG") } == 3)
        }
        try await withStream(OrderSamples.stream([OrderSamples.pending, whole])) { url, _ in
            let run = await ToolRun.of(["watch", "o-1", "--url", url])
            #expect(run.status == .ok && run.output.hasSuffix("Received 218.1 at 145.4 on meteora, slippage -5 bps, 2 transactions\n"))
        }
    }

    @Test func `an order that fails ends with 2, and with json each event is a line`() async throws {
        try await withStream(OrderSamples.stream([OrderSamples.pending, OrderSamples.failure])) { url, _ in
            let run = await ToolRun.of(["watch", "o-1", "--url", url])
            #expect(run.status == .unfilled && run.output.hasSuffix("The order failed: No route found\n"))
            let json = await ToolRun.of(["watch", "--json", "o-1", "--url", url], isTerminal: true)
            let lines = json.output.split(separator: "\n").map { try? JSONValue.parse(String($0)) }
            let sent = [OrderSamples.pending, OrderSamples.failure].map { try? JSONValue.parse($0) }
            #expect(json.status == .unfilled && lines == sent)
        }
    }

    @Test func `a terminal has a bar that is written anew, another output has none`() async throws {
        try await withStream(OrderSamples.stream(OrderSamples.confirmed)) { url, _ in
            let run = await ToolRun.of(["watch", "o-1", "--url", url], isTerminal: true)
            #expect(run.output.contains("\r\u{1B}[K███████░░░░░░░░░░░░░░░░░ 30 %  routing  "))
            #expect(run.output.contains("\r\u{1B}[KReceived 218.1"))
            let plain = await ToolRun.of(["watch", "o-1", "--url", url])
            #expect(!plain.output.contains("\r") && !plain.output.contains("█"))
        }
    }

    @Test func `an order that nobody knows is refused at once`() async throws {
        try await withStream(.problem(404, .unknownOrder, "There is no order with this id")) { url, seen in
            let run = await ToolRun.of(["watch", "x/y", "--url", url])
            #expect(run.status == .refused && run.errors == "orderctl: There is no order with this id\n" && seen().count == 1)
        }
    }

    @Test func `events are read wherever the pieces of a stream end`() {
        let bytes = Array(": x\n\nid: 1\ndata: {\"a\":1}\n\nevent: y\r\ndata:b\r\ndata: c\r\n\r\nid: 3\n\ndata: cut".utf8)
        for size in 1...bytes.count {
            var parser = EventStreamParser()
            let events = stride(from: 0, to: bytes.count, by: size).flatMap { parser.feed(Array(bytes[$0..<min($0 + size, bytes.count)])) }
            #expect(events == [#"{"a":1}"#, "b\nc"])
        }
    }

    @Test(arguments: [(0, 100, "░░░░"), (1, 1000, "█░░░"), (50, 100, "██░░"), (99, 100, "███░"), (100, 100, "████"), (7, 0, "░░░░"), (9, 3, "████")])
    func `a bar is as full as the share, and never empty for something`(_ filled: Int64, _ whole: Int64, _ text: String) {
        #expect(Bar.text(filled, of: whole, width: 4) == text)
    }

    @Test(arguments: [(0, "0 ms"), (999, "999 ms"), (1250, "1.2 s"), (59_999, "59.9 s"), (185_000, "3 min 5 s"), (7_800_000, "2 h 10 min")])
    func `durations are told in two units at most`(_ milliseconds: Int64, _ text: String) {
        #expect(TimeText.duration(milliseconds: milliseconds) == text)
    }
}
