import Orders
import TestOrders
import TestSupport
import Testing

/// The events from which a view has its values, of orders of every kind.
@Suite struct OrderViewSourcesTests {
    /// A view's JSON without its log.
    private func shown(_ view: OrderView) -> String {
        let text = view.json()
        guard let start = text.firstRange(of: #","logs":["#), let end = text.firstRange(of: #","createdAt":"#) else { return text }
        return String(text[..<start.lowerBound] + text[end.lowerBound...])
    }

    @Test(arguments: Life.all) func `a view of the sources alone is the same but for its log`(life: Life) throws {
        let events = try life.fold().events
        for count in 0...events.count {
            let all = Array(events.prefix(count))
            let sources = OrderView.sources(of: all)
            #expect(shown(OrderView(order: life.order, events: sources)) == shown(OrderView(order: life.order, events: all)), "\(life) \(count)")
            #expect(sources.last == all.last && sources.map(\.seq) == sources.map(\.seq).sorted())
        }
    }

    @Test(arguments: Life.all) func `each source is needed`(life: Life) throws {
        let events = try life.fold().events
        let whole = shown(OrderView(order: life.order, events: events))
        let sources = OrderView.sources(of: events)
        for index in sources.indices {
            var fewer = sources
            fewer.remove(at: index)
            #expect(shown(OrderView(order: life.order, events: fewer)) != whole, "\(life) without \(sources[index].seq)")
        }
        #expect(sources.count <= 4)
    }

    @Test func `sources that are written whole are read back by the fold, with their gaps`() throws {
        let life = try Life.named("retry")
        let sources = OrderView.sources(of: try life.fold().events)
        var fold = OrderFold(life.order)
        try fold.add(lines: Substring(sources.map(\.json).joined(separator: "\n")))
        #expect(fold.events == sources && sources.count < life.lines.count)
    }
}
