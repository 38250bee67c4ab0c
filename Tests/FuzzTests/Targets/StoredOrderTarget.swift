import JSON

@testable import Dialects
@testable import Orders
@testable import Pipeline

extension FuzzTarget {
    /// The hash of an order as Redis has it, a line each: its place, the order, its transactions, and the lines of its events.
    static let storedOrder = FuzzTarget(name: "stored-order") { input in
        let lines = input.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { Array($0).text }
        func line(_ index: Int) -> String { index < lines.count ? lines[index] : "" }
        try holdPlace(line(0))
        try holdTransactions(line(2))
        let order = try? Order(json: line(1))
        if let order { try hold((try? Order(json: order.json)) == order, "an order is written as it was read") }
        let record = OrderRecord(id: order?.id ?? sampleID, state: line(0), details: line(1), lines: Array(lines.dropFirst(3)))
        let fold = try? record.fold()
        let lean = try? record.fold(keepsEvents: false)
        try hold((fold == nil) == (lean == nil), "a fold without events reads what one with events reads")
        guard let fold, let lean else { return }
        try hold(lean.seq == fold.seq && lean.route == fold.route && lean.staleQuotes == fold.staleQuotes, "both folds find the same")
        try holdRoute(fold)
        try holdEvents(fold)
        try holdMessages(fold)
    }

    private static func holdPlace(_ text: String) throws(BrokenClaim) {
        guard let place = OrderPlace(text) else { return }
        try hold((0...1_000_000).contains(place.round) && (0...1_000_000).contains(place.attempt), "round and attempt are within their bounds")
        try hold((0...Seq.max).contains(place.seq) && place.at <= 253_402_300_799_999, "seq and time are within their bounds")
    }

    private static func holdTransactions(_ text: String) throws(BrokenClaim) {
        guard let list = SignedTransaction.list(text) else { return }
        try hold(SignedTransaction.list(SignedTransaction.json(list)) == list, "transactions are written as they were read")
    }

    private static func holdRoute(_ fold: OrderFold) throws(BrokenClaim) {
        guard let chosen = fold.route?.chosen else { return }
        try hold((try? ChosenRoute(members: chosen.members)) == chosen, "a route is written as it was read")
        try hold(chosen.openAmount(of: fold.order).value <= fold.order.amountIn.value, "no more is open than was ordered")
        _ = (chosen.filled(of: fold.order)?.remark(on: fold.order), chosen.openVenues)
    }

    private static func holdEvents(_ fold: OrderFold) throws(BrokenClaim) {
        try hold(zip(fold.events, fold.events.dropFirst()).allSatisfy { $0.seq < $1.seq }, "events are in order")
        for event in fold.events { try hold((try? OrderEvent(json: JSONValue.parse(event.json))) == event, "an event is written as it was read") }
        let view = OrderView(fold)
        try holdJSON(view.json(), "the order as clients see it")
        var summary = JSONWriter()
        view.writeSummary(to: &summary)
        try holdJSON(summary.text, "its line in a list")
    }

    private static func holdMessages(_ fold: OrderFold) throws(BrokenClaim) {
        for dialect in Dialects.all {
            var replayed = dialect.init()
            var live = dialect.init()
            replayed.introduce(fold.order)
            live.introduce(fold.order)
            var messages = replayed.greeting(fold.order.id, at: Timestamp.text(milliseconds: now))
            if !fold.events.isEmpty { messages += replayed.replay(fold.events) }
            for event in fold.events { messages += live.messages(for: event) }
            for message in messages { try holdJSON(message, "a message of dialect \(dialect.label)") }
        }
    }
}
