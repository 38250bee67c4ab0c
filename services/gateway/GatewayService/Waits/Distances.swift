internal import EventLoop
internal import Marks
internal import Orders
internal import Pipeline

/// How far orders that wait are from their prices.
@ServiceActor
struct Distances {
    let triggers: TriggerCheck
    let pipeline: OrderPipeline

    /// The distances of those of the orders that wait for a price and are known. Price and place are those of this moment: a trigger that trails
    /// moves without an event.
    func of(_ orders: [OrderView]) async -> [OrderID: TriggerDistance] {
        let open = orders.filter { $0.status == .open }.map(\.order)
        guard !open.isEmpty, let spots = try? await pipeline.spots(of: open.map(\.id)) else { return [:] }
        let marks = await marks(of: open)
        var distances: [OrderID: TriggerDistance] = [:]
        for (order, spot) in zip(open, spots) {
            guard let trigger = WaitPlace.trigger(spot: spot), let direction = PriceDirection(order) else { continue }
            distances[order.id] = TriggerDistance(waitsFor: trigger, mark: marks[order.id.partition]?[.price(direction)]?.price)
        }
        return distances
    }

    /// The marks of each partition. All partitions are asked at once, so that a market that does not answer holds up the list once and not each time.
    private func marks(of orders: [Order]) async -> [Int: [MarkQuestion: Mark]] {
        await withTaskGroup(of: (Int, [MarkQuestion: Mark]).self) { group in
            for (partition, part) in Dictionary(grouping: orders, by: \.id.partition) {
                group.addTask { [triggers] in (partition, await triggers.marks(of: part)) }
            }
            var marks: [Int: [MarkQuestion: Mark]] = [:]
            for await (partition, found) in group { marks[partition] = found }
            return marks
        }
    }
}
