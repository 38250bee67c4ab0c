internal import EventLoop
internal import HTTP
internal import Marks
internal import Orders
internal import Pipeline
internal import ServiceKit

/// Finds out what new orders wait for, and refuses those whose price is reached already.
@ServiceActor
struct TriggerCheck {
    /// The client is told soon whether its order was accepted.
    private static let limit = Duration.milliseconds(300)

    let marks: any MarkSource
    /// How old a mark may be, in ms.
    let maxAge: UInt64
    let clock: RedisClock

    /// The orders with what they wait for.
    ///
    /// - Parameters:
    ///   - asked: the requests of these orders.
    func waiting(_ orders: [Order], asked: [OrderRequest]) async throws(Problem) -> [NewOrder] {
        guard orders.contains(where: { !$0.beginsAtOnce }) else { return orders.map { NewOrder($0) } }
        let marks = await marks(of: orders)
        var new: [NewOrder] = []
        for (order, request) in zip(orders, asked) {
            guard !order.beginsAtOnce else {
                new.append(NewOrder(order))
                continue
            }
            let mark = PriceDirection(order).flatMap { marks[.price($0)]?.price }
            guard let waiting = order.waiting(at: mark) else { throw .priceUnknown(order.pair) }
            try check(waiting, order, mark, allowsImmediate: request.allowsImmediate)
            new.append(NewOrder(order, waiting: waiting))
        }
        return new
    }

    /// The mark of an order's direction; nil if it is not known now.
    func mark(of order: Order) async -> PriceLevel? {
        guard let direction = PriceDirection(order) else { return nil }
        return await marks(of: [order])[.price(direction)]?.price
    }

    /// The marks of the orders' directions that are known and not too old. All orders are of one partition.
    func marks(of orders: [Order]) async -> [MarkQuestion: Mark] {
        guard let partition = orders.first?.id.partition else { return [:] }
        return await marks(Set(orders.compactMap { PriceDirection($0).map { .price($0) } }), partition: partition)
    }

    /// The marks of a partition's market that are known and not too old.
    func marks(_ questions: Set<MarkQuestion>, partition: Int) async -> [MarkQuestion: Mark] {
        guard !questions.isEmpty else { return [:] }
        let found = (try? await withDeadline(Self.limit) { [marks] in await marks.marks(questions, partition: partition) }) ?? [:]
        guard let now = clock.now else { return [:] }
        return found.filter { $0.value.at + maxAge >= now }
    }

    /// Refuses a price that is reached already.
    func check(_ waiting: Waiting, _ order: Order, _ mark: PriceLevel?, allowsImmediate: Bool) throws(Problem) {
        let trigger: Trigger
        switch waiting {
        case .price(let own): trigger = own
        // One that is new begins at the mark. One that gets a shorter distance may have left its trigger behind.
        case .trailing(let trailing): trigger = trailing.trigger
        case .liquidity: return
        }
        // An order of a pair without a price would only wait, and look to operators as if prices were missing.
        guard let mark else { throw .priceUnknown(order.pair) }
        if !allowsImmediate, trigger.isReached(by: mark) {
            throw Problem(
                RequestRefusal(
                    code: .triggerReached,
                    error: "The price is \(order.words(mark)) already, so the order would be executed at once; change its price, or send "
                        + "allowImmediate: true"))
        }
    }
}
