import EventLoop
import Orders
import Redis
import TestOrders
import TestSupport
import Testing

@testable import Pipeline

/// Random walks of the model of a pair, each step of which is also taken by the scripts on a real Redis: both must come to the same.
@Suite(.onLoop) @ServiceActor
struct PairScheduleTests {
    private static let walks = 60
    private static let length = 60

    @Test func `the scripts do with a pair what the model does`() async throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededGenerator(seed: seed)
        try await withDatabase { database in
            for walk in 0..<Self.walks {
                let pair = try await PairOnRedis(database)
                var world = PairWorld()
                var path: [PairAction] = []
                for _ in 0..<Self.length {
                    var next: [(PairAction, PairWorld)] = []
                    world.actions(nil) { next.append(($0, $1)) }
                    // What only the model sees would be most of the walk otherwise.
                    let (action, after) = try #require(Self.choose(next, after: world, using: &random))
                    path.append(action)
                    try await pair.take(action, from: world)
                    world = after
                    if let difference = try await pair.difference(from: world) {
                        throw TestFailure("seed \(seed), walk \(walk): \(difference) after \(path)")
                    }
                }
            }
        }
    }

    private static func choose(_ next: [(PairAction, PairWorld)], after world: PairWorld, using random: inout SeededGenerator) -> (
        PairAction, PairWorld
    )? {
        let isQuiet: (PairAction) -> Bool = { action in
            switch action {
            case .price, .time, .mark: true
            default: false
            }
        }
        let loud = next.filter { !isQuiet($0.0) && $0.1 != world }
        return Int.random(in: 0..<3, using: &random) > 0 && !loud.isEmpty ? loud.randomElement(using: &random) : next.randomElement(using: &random)
    }
}

/// A pair on a real Redis: a take-profit at 200 with a limit, and a stop at 150.
@ServiceActor
private final class PairOnRedis {
    private let database: Database
    private var orders: [Order]
    private var entries: [Int: WorkEntry] = [:]
    private let kinds: [WaitSet.Kind] = [.above, .confirmedBelow]
    private let direction = PriceDirection(tokenIn: Token.sol.mint, tokenOut: Token.usdc.mint, priced: .tokenIn)

    init(_ database: Database) async throws {
        self.database = database
        var random = SystemRandomNumberGenerator()
        let ids = (0..<2).map { _ in OrderID(milliseconds: 1_768_030_217_789, partition: 0, random: &random) }
        orders = try (0..<2).map { side in
            var terms = PriceTerms(priced: .tokenIn, expiresAt: 9_000_000_000_000)
            terms.triggerPrice = try PriceLevel(decimal: side == 0 ? "200" : "150")
            terms.limitPrice = side == 0 ? try PriceLevel(decimal: "199") : nil
            return Order(
                id: ids[side], orderType: side == 0 ? .takeProfit : .stop, terms: terms, oco: ids[1 - side], tokenIn: .sol, tokenOut: .usdc,
                amountIn: BaseUnits(1_500_000_000), slippageBps: 100, slippage: "0.01", createdAt: 1_768_030_217_789, maxAttempts: 3,
                fingerprint: "f")
        }
        let outcome = try await database.pipeline.accept(
            orders.map { NewOrder($0, waiting: $0.waiting(at: nil)) }, idempotencyTTL: 60_000, before: .max / 1000, timeout: .seconds(5))
        guard case .accepted = outcome else { throw TestFailure("the pair was not accepted") }
    }

    private var pipeline: OrderPipeline { database.pipeline }

    func take(_ action: PairAction, from world: PairWorld) async throws {
        switch action {
        case .price, .time, .mark, .lands, .landsBelow, .transactionFails: break
        case .fires(let side, let ticker): try await fire(side, isOld: world.tickers[ticker].isOld)
        case .submits(let side): try await submit(side)
        case .confirms(let side): try await written(.confirm(SampleOrder.fill), side)
        case .rests(let side): try await rest(side)
        case .fails(let side): try await fail(side)
        case .promotes(let side): try await promote(side)
        case .strays(let side):
            let level = try PriceLevel(decimal: side == 0 ? "190" : "160")
            let set = WaitSet(direction, kinds[side])
            try await database.send("ZADD", database.keys.waits(set), "0", "\(set.key(of: level)):\(orders[side].id)")
        case .amends(let side): try await amend(side)
        case .expires(let side):
            try await database.send("ZADD", database.keys.deadlines, "1", orders[side].id.description)
            _ = try await pipeline.sweep(database.keys)
        case .cancels(let side): _ = try await pipeline.cancel(orders[side].id)
        }
    }

    private func fire(_ side: Int, isOld: Bool) async throws {
        let now = try await pipeline.time()
        let mark = Mark(try PriceLevel(decimal: side == 0 ? "300" : "50"), at: isOld ? now - 10_000 : now)
        let set = WaitSet(direction, kinds[side])
        _ = try await pipeline.fire(set, upTo: set.key(of: mark.price), mark, "m", maxAge: 5000, in: database.keys)
    }

    /// Takes the order's entry and leads it to `routing`, if that is not done.
    private func begin(_ side: Int) async throws {
        guard entries[side] == nil else { return }
        while true {
            // Orders of earlier walks are fired too.
            let entry = try await database.take(.router, as: "a", token: UInt8.random(in: 1...200))
            guard entry.orderID == orders[side].id, case .work = try await pipeline.begin(entry) else { continue }
            entries[side] = entry
            return
        }
    }

    private func submit(_ side: Int) async throws {
        try await begin(side)
        try await written(.routeDone([SampleOrder.quote]), side)
        let entry = try await database.take(.executor, as: "a", token: UInt8.random(in: 1...200))
        guard case .work = try await pipeline.begin(entry) else { throw TestFailure("the order cannot be built") }
        entries[side] = entry
        let transaction = SignedTransaction(
            leg: 0, attempt: 1, signature: "sig", bytes: "bytes", lastValidSlot: 1 << 40, quote: SampleOrder.quote, minOut: BaseUnits(1))
        try await write(.submit([transaction], attempt: 1, maxAttempts: 3), side)
    }

    private func state(_ side: Int) async throws -> OrderState {
        let text = try await database.send("HGET", database.keys.order(orders[side].id), "s").string ?? ""
        return try #require(OrderPlace(text)).state
    }

    private func rest(_ side: Int) async throws {
        if try await state(side) == .pending { try await begin(side) }
        let trigger = Trigger(.above, try PriceLevel(decimal: "205"))
        try await written(.rest(orders[side], for: trigger, in: try await state(side), got: nil, delay: 60_000), side)
    }

    private func fail(_ side: Int) async throws {
        if try await state(side) == .pending { try await begin(side) }
        try await written(.fail(OrderFailure(.internal), in: try await state(side), attempt: 1, tried: true), side)
    }

    /// A step after which the worker has nothing in hand any more.
    private func written(_ request: StepRequest, _ side: Int) async throws {
        try await write(request, side)
        entries[side] = nil
    }

    private func write(_ request: StepRequest, _ side: Int) async throws {
        guard case .written = try await pipeline.step(request, try #require(entries[side])) else {
            throw TestFailure("\(request.step) was not written")
        }
    }

    private func promote(_ side: Int) async throws {
        for member in try await database.send("ZRANGE", database.keys.retries, "0", "-1").array?.compactMap(\.string) ?? []
        where member.contains(orders[side].id.description) {
            try await database.send("ZADD", database.keys.retries, "1", member)
        }
        _ = try await pipeline.promote(database.keys)
    }

    private func amend(_ side: Int) async throws {
        orders[side].terms?.triggerPrice = try PriceLevel(decimal: side == 0 ? "202" : "148")
        let spot = try await pipeline.spots(of: [orders[side].id])[0]
        let seq = try #require(try await pipeline.snapshot(orders[side].id)).seq
        let waiting = try #require(orders[side].waiting(at: nil))
        guard case .amended = try await pipeline.amend(orders[side], to: waiting, seen: seq, spot, "m") else { throw TestFailure("not amended") }
    }

    // MARK: Comparing

    /// What is not as the model has it; nil if all is.
    func difference(from world: PairWorld) async throws -> String? {
        for (side, own) in world.sides.enumerated() {
            let text = try await database.send("HGET", database.keys.order(orders[side].id), "s").string ?? ""
            let place = try #require(OrderPlace(text))
            guard Self.names[own.state]?.contains(place.state) == true else { return "order \(side) is \(place.state)" }
            let spot = try await pipeline.spots(of: [orders[side].id])[0].split(separator: " ").map(String.init)
            let member = "\(spot[1]):\(orders[side].id)"
            let isIn = try await database.send("ZSCORE", database.keys.waits + ":" + spot[0], member).string != nil
            if isIn != own.isArmed { return "order \(side) \(isIn ? "is" : "is not") in its set" }
            guard own.state == .open else { continue }
            let entry = own.isHeld ? "held" : own.isArmed ? "waits" : "retries:waits:60000"
            if place.entry != entry { return "\(place.entry) stands for order \(side), not \(entry)" }
        }
        return nil
    }

    private static let names: [PairWorld.State: Set<OrderState>] = [
        .open: [.open], .pending: [.pending, .routing], .submitted: [.submitted], .confirmed: [.confirmed], .failed: [.failed],
        .cancelled: [.cancelled], .expired: [.expired],
    ]
}
