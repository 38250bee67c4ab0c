internal import Dialects
internal import Orders
internal import Pipeline

extension Case {
    /// An order in the gateway and in a worker.
    static let orders = [orderIn, answer, fold, record]

    /// The bytes of a request become a checked order and the text that is stored of it.
    private static let orderIn = pure("order-in") {
        let tokens = try Sample().tokens
        return { round in
            let reading = RequestReading(body: Sample.body, vocabulary: Dialects.vocabulary, tokens: tokens)
            var random = Numbers(state: UInt64(round))
            let id = OrderID(milliseconds: Sample.time, partition: 0, random: &random)
            return try reading.result.get().order(id: id, now: Sample.time, maxAttempts: 3, newID: { id }).json.utf8.count
        }
    }

    /// The answer to an accepted order.
    private static let answer = pure("answer") {
        let reading = RequestReading(body: Sample.body, vocabulary: Dialects.vocabulary, tokens: try Sample().tokens)
        let id = try Sample().order(0).id
        return { _ in
            let order = AcceptedOrder(id, job: "1768030217789-0", slippageBps: 100, warnings: reading.warnings, socketOrigin: "ws://localhost:3000")
            return Dialects.answer(order, to: reading).utf8.count
        }
    }

    /// The stored lines of a whole life become the events that clients see.
    private static let fold = pure("fold") {
        let sample = try Sample()
        let (order, lines) = (sample.order(0), Substring(sample.lines.joined(separator: "\n")))
        return { _ in
            var fold = OrderFold(order)
            try fold.add(lines: lines)
            return fold.events.count
        }
    }

    /// The hash of a routed order as an executor reads it: where the order is, its details and its events.
    private static let record = pure("record") {
        let sample = try Sample()
        let (order, lines) = (sample.order(0), Array(sample.lines.prefix(3)))
        let state = "routed 1 1 3 \(Sample.time) routed:1768030217789-0"
        let details = order.json
        return { _ in try OrderRecord(id: order.id, state: state, details: details, lines: lines).fold().events.count }
    }
}
