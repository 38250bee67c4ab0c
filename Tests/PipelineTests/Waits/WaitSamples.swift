import EventLoop
import Orders
import Redis
import TestOrders
import TestSupport
import Testing

@testable import Pipeline

extension PriceLevel {
    /// A price that a test names.
    static func of(_ text: String) -> PriceLevel { try! PriceLevel(decimal: text) }
}

extension Samples {
    static let farEnd: UInt64 = 9_000_000_000_000
    /// Sales of SOL for USDC.
    static let direction = PriceDirection(tokenIn: sol.mint, tokenOut: usdc.mint, priced: .tokenIn)

    /// An order that sells 1.5 SOL.
    static func waiting(
        _ type: OrderType = .limit, at price: String = "180", limit: String? = nil, id: OrderID = id(), key: String? = nil, user: UserID? = nil,
        oco: OrderID? = nil, then: [Order] = [], expiresAt: UInt64 = farEnd, trailingBps: Int? = nil
    ) -> Order {
        var terms = PriceTerms(priced: .tokenIn, trailingBps: trailingBps, expiresAt: expiresAt)
        terms.limitPrice = (type == .limit ? price : limit).map(PriceLevel.of)
        terms.triggerPrice = type.needsTriggerPrice ? .of(price) : nil
        return Order(
            id: id, clientOrderId: key, userId: user, orderType: type, terms: terms, oco: oco, then: then, tokenIn: sol, tokenOut: usdc,
            amountIn: BaseUnits(1_500_000_000), slippageBps: 100, slippage: "0.01", createdAt: 1_768_030_217_789, maxAttempts: 3, fingerprint: "f")
    }

    /// A take-profit at 200 and a stop at 150, of which at most one fills.
    static func pair() -> (profit: Order, stop: Order) {
        let (one, other) = (id(), id())
        return (waiting(.takeProfit, at: "200", id: one, oco: other), waiting(.stop, at: "150", id: other, oco: one))
    }
}

@ServiceActor
extension Bench {
    /// Accepts orders that wait; two of them as a pair.
    @discardableResult
    func hold(_ orders: Order..., mark: String? = nil, limits: AccountLimits? = nil) async throws -> AcceptOutcome {
        let new = orders.map { NewOrder($0, waiting: $0.waiting(at: mark.map(PriceLevel.of))) }
        return try await pipeline.accept(new, limits: limits, idempotencyTTL: 60_000, before: .max / 1000, timeout: .seconds(5))
    }

    /// Fires what a mark has reached in a set, as a ticker does: many in one run, then one by one what is left. Returns how many.
    @discardableResult
    func fire(_ kind: WaitSet.Kind, at price: String) async throws -> Int {
        try await run(kind, at: price, oneByOne: false).fired + run(kind, at: price, oneByOne: true).fired
    }

    /// Has the time pass up to which an order waits.
    func passEnd(of order: Order) async throws {
        try await send("HSET", keys.order(order.id), "y", "1000")
        try await send("ZADD", keys.deadlines, "XX", "1000", order.id.description)
    }

    /// One run of a script that fires.
    func run(_ kind: WaitSet.Kind, at price: String, skip: Int = 0, oneByOne: Bool) async throws -> (looked: Int, fired: Int, kept: Int) {
        let set = WaitSet(Samples.direction, kind)
        let mark = Mark(.of(price), at: try await now())
        let outcome = try await pipeline.fire(
            set, upTo: set.key(of: mark.price), mark, "SOL is at \(price) USDC", maxAge: 5000, skip: skip, oneByOne: oneByOne, in: keys)
        guard case .looked(let looked, let fired, let kept) = outcome else { throw TestFailure("\(outcome)") }
        return (looked, fired, kept)
    }

    /// What is due in the set of peaks at a price, with triggers that follow it.
    func trailing(to price: String) async throws -> [TrailingMember] {
        let set = WaitSet(Samples.direction, .peak)
        let due = try #require(try await pipeline.due([(set, set.key(of: .of(price)))], upTo: 100, in: keys).first).get()
        var members = try await pipeline.trailing(due, in: keys)
        for index in members.indices {
            guard let bps = members[index].seen?.bps, let trailing = TrailingTrigger(bps: bps, best: .of(price), of: .tokenIn) else { continue }
            members[index].next = WaitPlace(.trailing(trailing), Samples.direction)
        }
        return members
    }

    /// The members of a set, the next due first.
    func members(_ kind: WaitSet.Kind) async throws -> [String] {
        let set = keys.waits(WaitSet(Samples.direction, kind))
        return (try await send("ZRANGE", set, "0", "-1").array ?? []).compactMap(\.string)
    }

    /// Leads an order that was just fired to a state of a worker. Returns the entry in hand.
    func work(_ order: Order, to state: OrderState) async throws -> WorkEntry {
        let first = try await take(.router)
        try await begin(first)
        if state == .routing { return first }
        try await written(.routeDone([Samples.meteora]), first)
        let second = try await take(.executor)
        try await begin(second)
        return state == .building ? second : try await written(Samples.submit(order), second)
    }

    /// The order waits again.
    func rest(_ order: Order, in state: OrderState, _ entry: WorkEntry, at price: String = "180", delay: UInt64 = 0) async throws {
        let trigger = Trigger(.above, .of(price))
        try await written(.rest(order, for: trigger, in: state, got: BaseUnits(269_000_000), delay: delay), entry)
    }
}
