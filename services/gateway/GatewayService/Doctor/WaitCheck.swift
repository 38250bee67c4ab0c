internal import EventLoop
internal import Marks
internal import Orders
internal import Pipeline

/// Whether the prices are known that orders wait for.
@ServiceActor
struct WaitCheck {
    static let name = "waiting-orders"

    let pipeline: OrderPipeline
    let triggers: TriggerCheck
    let tokens: TokenList

    /// Throws `PipelineError`.
    func diagnosis() async throws(PipelineError) -> Diagnosis {
        var (count, pairs, strange, unpriced) = (0, Set<String>(), Set<String>(), Set<String>())
        let partitions = pipeline.partitions
        for (keys, sets) in zip(partitions, try await pipeline.waitSets(in: partitions)) where !sets.isEmpty {
            let own = sets.filter { $0.kind != .peak && $0.kind != .trough }
            count += try await pipeline.waiting(in: own, keys).reduce(0, +)
            let directions = Set(own.map(\.direction))
            let known = directions.filter { pair(of: $0) != nil }
            strange.formUnion(directions.subtracting(known).map { "\($0.tokenIn)/\($0.tokenOut)" })
            pairs.formUnion(known.compactMap { pair(of: $0) })
            let priced = Set(own.filter { $0.kind != .liquidity }.map(\.direction)).intersection(known)
            let marks = await triggers.marks(Set(priced.map { .price($0) }), partition: keys.partition)
            unpriced.formUnion(priced.filter { marks[.price($0)] == nil }.compactMap { pair(of: $0) })
        }
        return Self.diagnosis(count, pairs: pairs.count, strange: strange.sorted(), unpriced: unpriced.sorted())
    }

    static func diagnosis(_ count: Int, pairs: Int, strange: [String], unpriced: [String]) -> Diagnosis {
        if let first = strange.first {
            return Diagnosis(
                name, .warning, "orders wait for pairs whose tokens are not in TOKENS_FILE: \(first)\(strange.count > 1 ? ", …" : "")",
                do: "They stay open until they expire. Put the tokens back into the file, or cancel the orders (orderctl list --open).")
        }
        if let first = unpriced.first {
            return Diagnosis(
                name, .warning,
                "the price of \(first)\(unpriced.count > 1 ? " and \(unpriced.count - 1) more" : "") is not known, and orders wait for it",
                do: "They stay open and fire once there is a price: see whether the venues answer (orderctl quote), and the routers' logs "
                    + "(mark.missing).")
        }
        let what = count == 1 ? "1 order waits" : "\(count) orders wait"
        return Diagnosis(name, .ok, count == 0 ? "no order waits for a price" : "\(what) for the price of \(pairs) pair\(pairs == 1 ? "" : "s")")
    }

    /// The pair in the form `SOL/USDC`; nil if a token is not known.
    private func pair(of direction: PriceDirection) -> String? {
        guard let tokenIn = tokens.lookup(direction.tokenIn), let tokenOut = tokens.lookup(direction.tokenOut) else { return nil }
        return direction.priced == .tokenIn ? "\(tokenIn.symbol)/\(tokenOut.symbol)" : "\(tokenOut.symbol)/\(tokenIn.symbol)"
    }
}
