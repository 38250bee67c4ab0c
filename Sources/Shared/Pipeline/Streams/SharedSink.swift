internal import EventLoop
internal import Orders

/// The sink of a process, for all its lanes. While it stores, the batches of further lanes wait, and then go together: many partitions need no more
/// transactions than one.
@ServiceActor
final class SharedSink {
    /// Entries that all lanes together collect from which on many orders are under way.
    private static let many = 32

    private typealias Request = (orders: [OrderRecord], answer: Promise<[Refusal]>)
    typealias Refusal = (index: Int, reason: String)

    /// Whether the sink took the last batch that it was given. A process whose sink takes nothing is no help to others.
    private(set) var isGood = true
    /// Entries of batches that lanes are filling.
    var collecting = 0
    private let sink: any EventSink
    private let batch: Int
    private var queue: [Request] = []
    private var isStoring = false
    /// So many requests are stored alone, because they could not be stored together: one of them must not keep the others from Postgres.
    private var alone = 0

    /// - Parameter batch: the largest number of orders that are stored together, if one lane does not bring more.
    init(_ sink: any EventSink, batch: Int) { (self.sink, self.batch) = (sink, batch) }

    /// Batches that wait for the sink.
    var waiting: Int { queue.count }
    /// Whether so many orders are under way that it is worth to wait for more of their events.
    var isBusy: Bool { collecting >= Self.many }

    /// Stores different orders, as `EventSink` does.
    func store(_ orders: [OrderRecord]) async throws -> [Refusal] {
        let answer = Promise<[Refusal]>()
        queue.append((orders, answer))
        // A lane that stops hands its entries back.
        defer { queue.removeAll { $0.answer === answer } }
        if !isStoring {
            isStoring = true
            Loop.spawn { await self.storeAll() }
        }
        return try await answer.value
    }

    private func storeAll() async {
        while !queue.isEmpty {
            let requests = next()
            do {
                let refusals = try await sink.store(requests.flatMap(\.orders))
                isGood = true
                alone = max(0, alone - 1)
                var start = 0
                for (orders, answer) in requests {
                    let range = start..<start + orders.count
                    answer.succeed(refusals.filter { range.contains($0.index) }.map { ($0.index - start, $0.reason) })
                    start = range.upperBound
                }
            } catch {
                isGood = false
                alone = requests.count > 1 ? requests.count : max(0, alone - 1)
                for request in requests { request.answer.fail(error) }
            }
        }
        isStoring = false
    }

    /// The requests that are stored next, the oldest first. An order is stored once: another state of it waits.
    private func next() -> [Request] {
        var (taken, rest, ids, count) = ([] as [Request], [] as [Request], Set<OrderID>(), 0)
        for request in queue {
            let fits = taken.isEmpty || alone == 0 && count + request.orders.count <= batch && ids.isDisjoint(with: request.orders.map(\.id))
            if fits {
                taken.append(request)
                count += request.orders.count
                ids.formUnion(request.orders.map(\.id))
            } else {
                rest.append(request)
            }
        }
        queue = rest
        return taken
    }
}
