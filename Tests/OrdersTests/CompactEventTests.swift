import JSON
import Testing

@testable import Orders

@Suite struct CompactEventTests {
    @Test func `a compact event says only what is new`() {
        #expect(
            CompactEvent(.routing, progress: 10, message: EventMessage.fetchingQuotes, attempt: 1).line(at: 1_768_030_217_789, seq: 2)
                == #"{"t":1768030217789,"seq":2,"type":"routing","progress":10,"message":"Fetching quotes from multiple DEXs...","attempt":1}"#)
        let failed = CompactEvent(
            .executionFailed, status: .submitted, progress: nil, message: "a \"b\"", attempt: 2, members: #""transient":true,"retriesRemaining":1"#)
        #expect(
            failed.rest(seq: 7)
                == #""seq":7,"type":"execution-failed","status":"submitted","message":"a \"b\"","attempt":2,"transient":true,"retriesRemaining":1}"#)
        let last = CompactEvent(.failed, status: .failed, progress: 0, message: "m", attempt: 1)
        #expect(last.rest(seq: 7).hasPrefix(#""seq":7,"type":"failed","progress":0,"#))
    }

    @Test func `a route that is one of the quotes is named by its index, any other is written out`() throws {
        let quotes = [Samples.meteora, Samples.raydium]
        let list = #""quotes":[\#(Samples.meteora.json),\#(Samples.raydium.json)]"#
        #expect(CompactEvent.members(quotes: quotes, chosen: ChosenRoute(Samples.meteora)) == list + #","chosen":0"#)
        #expect(CompactEvent.members(quotes: quotes, chosen: ChosenRoute(Samples.raydium)) == list + #","chosen":1"#)
        let split = ChosenRoute(quotes, of: Samples.order, after: nil)
        for route in [split, ChosenRoute(split.quote)] {
            #expect(CompactEvent.members(quotes: quotes, chosen: route) == list + "," + route.members)
        }
        for route in [split, ChosenRoute(split.quote), ChosenRoute(Samples.meteora), ChosenRoute(Samples.raydium)] {
            var fold = OrderFold(Samples.order)
            let event = CompactEvent(
                .routing, progress: 30, message: "m", attempt: 1, members: CompactEvent.members(quotes: quotes, chosen: route))
            let shown = try fold.add(Substring(event.line(at: 7, seq: 1)))
            #expect(fold.route == StoredRoute(route, routedAt: 7) && shown.quotes == quotes && shown.chosenDex == route.quote.dex)
        }
    }

    @Test func `the landed part waits for the end: only an order that ends with the rest unfilled shows it`() throws {
        let filled = PartialFill(amountIn: BaseUnits(5), amountOut: BaseUnits(7), inputDecimals: 9, outputDecimals: 6)
        var fold = OrderFold(Samples.order)
        let lost = CompactEvent(
            .executionFailed, status: .submitted, progress: nil, message: "m", attempt: 1, members: CompactEvent.members(filled: filled))
        #expect(try fold.add(Substring(lost.line(at: 1, seq: 1))).filled == nil)
        for type in EventType.allCases {
            var ended = fold
            let status = OrderStatus(rawValue: type.rawValue) ?? .submitted
            let line = CompactEvent(type, status: status, progress: 0, message: "m", attempt: 1).line(at: 2, seq: 2)
            #expect(try ended.add(Substring(line)).filled == ([.failed, .cancelled, .expired].contains(type) ? filled : nil))
        }
    }

    @Test func `quotes are shown again where the event says so`() throws {
        var fold = OrderFold(Samples.order)
        let members = CompactEvent.members(quotes: [Samples.meteora], chosen: ChosenRoute(Samples.meteora))
        try fold.add(Substring(CompactEvent(.routing, progress: 30, message: "m", attempt: 1, members: members).line(at: 1, seq: 1)))
        let shown = CompactEvent(.building, progress: 50, message: "m", attempt: 1, members: CompactEvent.showsQuotes)
        #expect(try fold.add(Substring(shown.line(at: 2, seq: 2))).quotes == [Samples.meteora])
        let built = try fold.add(Substring(CompactEvent(.building, progress: 70, message: "m", attempt: 1).line(at: 3, seq: 3)))
        #expect(built.quotes == nil && built.quote == Samples.meteora)
    }
}
