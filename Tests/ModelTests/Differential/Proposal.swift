import EventLoop
import Orders
import Redis
import TestOrders
import TestSupport

@testable import Pipeline

/// An order that is to be accepted, and what stands in its way.
struct Proposal {
    enum Obstacle: CaseIterable { case none, sameOrder, sameKey, strayRecord, late }

    let order: Order
    let obstacle: Obstacle
    /// Whether an earlier case of the batch has proposed the same order, or another with the same key.
    private(set) var isCopy = false

    init(using random: inout SeededGenerator) {
        let key = Bool.random(using: &random) ? "key-\(UInt32.random(in: 0 ... .max, using: &random))" : nil
        obstacle = Int.random(in: 0..<4, using: &random) > 0 ? .none : Obstacle.allCases.randomElement(using: &random)!
        let user: UserID? = [nil, nil, "u", "v", Int.random(in: 0..<4, using: &random) == 0 ? Grounds.unlisted : nil].randomElement(using: &random)!
        order = Self.order(key, user, using: &random)
    }

    private init(copying other: Proposal, order: Order) {
        self.order = order
        obstacle = other.obstacle == .sameOrder && other.order.id != order.id ? .none : other.obstacle
        isCopy = true
    }

    private static func order(_ key: String?, _ user: UserID?, using random: inout SeededGenerator) -> Order {
        Order(
            id: OrderID(milliseconds: 1_768_030_217_789, partition: 0, random: &random), clientOrderId: key, userId: user, tokenIn: .sol,
            tokenOut: .usdc, amountIn: BaseUnits(1_500_000_000), slippageBps: 100, slippage: "0.01",
            deadline: [nil, Grounds.now + 60_000, Grounds.now - 1].randomElement(using: &random)!, createdAt: 1_768_030_217_789, maxAttempts: 3,
            fingerprint: "{\"a\":\"b c\"}")
    }

    /// The same order again, or another one with the same key.
    func copy(using random: inout SeededGenerator) -> Proposal {
        let isSame = order.clientOrderId == nil || Bool.random(using: &random)
        return Proposal(copying: self, order: isSame ? order : Self.order(order.clientOrderId, order.userId, using: &random))
    }

    private func record(_ keys: Keys) -> String? { order.clientOrderId.map { keys.idempotency(order.idempotencyScope, key: $0) } }

    func commands(_ keys: Keys) -> [[String]] {
        guard !isCopy else { return [] }
        switch obstacle {
        case .none, .late: return []
        case .sameOrder:
            return [["HSET", keys.order(order.id), "s", "pending 1 1 1 1 accepted:1-1", "o", order.json, "f", "1-1 \(order.fingerprint)"]]
        case .sameKey:
            return record(keys).map { [["HSET", $0, "orderId", order.id.description, "jobId", "1-1", "fingerprint", order.fingerprint]] } ?? []
        case .strayRecord: return record(keys).map { [["SET", $0, "no record"]] } ?? []
        }
    }

    /// Whether nothing stands in the way. A batch takes an order and a key once.
    func isUsual(on grounds: Grounds) -> Bool {
        let isNew = obstacle == .none || order.clientOrderId == nil && (obstacle == .sameKey || obstacle == .strayRecord)
        let isHere = order.clientOrderId == nil || grounds.placing != 2
        return isNew && isHere && !grounds.isPaused && grounds.accepted == .fine && grounds.events == .fine && grounds.areDeadlinesFine
            && order.userId != Grounds.unlisted
    }

    private var arguments: [String] {
        [
            order.userId?.text ?? "", String(order.createdAt), String(Self.ttl), String(limit), "digest", String(order.slippageBps),
            order.clientOrderId == nil ? "" : "1", "", "", "",
        ] + NewOrder(order).sheet
    }

    private static let ttl: UInt64 = 6_000_000
    private var limit: UInt64 { obstacle == .late ? Grounds.now - 1 : Grounds.now }

    /// Accepts the order as a usual one. Returns the id of its entry; nil if it is not usual.
    @ServiceActor
    func acceptUsually(_ pipeline: OrderPipeline) async throws -> String? {
        let proposal = UsualSteps.Proposal(order, pipeline.partitions[0], digest: "digest", ttl: Self.ttl, placing: 1, before: limit)
        return try await pipeline.usual.accept(proposal, 0, within: .seconds(20))
    }

    /// Accepts the order by the script for one order. Throws if it is not accepted.
    @ServiceActor
    func acceptCarefully(_ pipeline: OrderPipeline) async throws {
        let keys = pipeline.partitions[0], key = keys.order(order.id)
        let reply = try await pipeline.run(Scripts.accept, keys: [key, record(keys) ?? key, keys.paused, keys.placing], [keys.head] + arguments)
        guard reply.array?.first?.string == "accepted" else { throw TestFailure("a usual order is not accepted: \(reply)") }
    }
}
