import EventLoop
import Orders
import Redis
import TestSupport

@testable import Pipeline

/// One order that two consumers of each stage lead at random, on the model and on Redis at once. Both are compared after every action.
@ServiceActor
final class Schedule {
    /// A delivery that a consumer believes to have in hand, including those that it has lost.
    struct Delivery {
        let work: WorkEntry
        /// `OrderModel.gone` once the entry was acknowledged.
        var slot: UInt8
        let consumer: UInt8
        let token: UInt8
        /// The place of the order, if the consumer knows one from a usual step.
        var known: Place?
        /// Whether the first step is written. If it is not, a later step writes it.
        var isBegun = true
    }

    /// Where an order is, as the text of `s` says it, without the time.
    struct Place: Equatable {
        let state: OrderState
        let round: UInt8
        let attempt: UInt8
        let seq: Int
        let entry: String
    }

    nonisolated static let maxStarts = 2
    private static let consumers = ["a", "b"]

    let database: Database
    let order: Order
    /// How many orders its account may have; nil if they are not counted.
    let limits: AccountLimits?
    var random: SeededGenerator
    var model = OrderModel()
    var deliveries: [Delivery] = []
    /// The stream id of the entry in each slot.
    var ids = [String](repeating: "", count: OrderModel.slots)
    /// Slots whose entries no consumer has read, oldest first.
    var unread: [Stage: [UInt8]] = [:]
    /// The ids of the letters.
    var letterIDs = [String](repeating: "", count: OrderModel().letters.count)
    /// The statuses that clients have been told.
    var statuses: [OrderStatus] = [.pending]
    /// Whether an entry on the events stream stands for events that are not stored.
    var isAnnounced = true
    /// How many entries of the events stream were added and not read, and those that a notifier has in hand.
    var unreadEvents = 1
    var snapshots: [(snapshot: Snapshot, place: Place)] = []
    /// What Postgres has.
    var stored: [OrderEvent] = []
    /// Slots whose entries were handed back and not delivered since.
    var handedBack: Set<UInt8> = []
    private var lastToken: UInt8 = 0
    private(set) var log: [String] = []

    init(_ database: Database, random: SeededGenerator) async throws {
        self.database = database
        self.random = random
        order = SampleOrder.make(using: &self.random)
        limits = Bool.random(using: &self.random) ? SampleOrder.onlyOne : nil
        guard
            case .accepted(_, let entry) = try await database.pipeline.accept(
                [NewOrder(order)], limits: limits, idempotencyTTL: 60_000, before: .max / 1000, timeout: .seconds(5))
        else { throw TestFailure("the order was not accepted") }
        ids[0] = entry
        unread[.router] = [0]
    }

    func run() async throws {
        for _ in 0..<Int.random(in: 5...40, using: &random) where hasRoom {
            try await act()
            try await compare()
        }
        try await drain()
        try await judge()
    }

    /// Whether no action can overflow the model. The final clearing counts too: there everything that is left may become a letter.
    private var hasRoom: Bool {
        let entries = (0..<OrderModel.slots).count { !model.entries[$0].post.isNone }
        let retries = (0..<model.retries.count).count { !model.retries[$0].isNone }
        let letters = (0..<model.letters.count).count { !model.letters[$0].post.isNone }
        return model.round < 40 && lastToken < 150 && entries <= OrderModel.slots - 2 && retries < model.retries.count
            && letters + entries + retries < model.letters.count
    }

    private func act() async throws {
        if deliveries.isEmpty { return try await read() }
        // Letters are rare, and putting them back is hard to get right.
        let hasLetter = (0..<model.letters.count).contains { !model.letters[$0].post.isNone }
        if hasLetter, Int.random(in: 0..<4, using: &random) == 0 { return try await putBack() }
        let delivery = pick()
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<16: try await read()
        case 16..<24: try await claim()
        case 24..<48: try await begin(delivery)
        case 48..<76: try await step(delivery, requests(delivery.work.stage).randomElement(using: &random)!)
        case 76..<84: try await promote()
        case 84..<88: try await inject()
        case 88..<89: try await cancel()
        case 89..<90: try await passDeadline()
        case 90: try await sweep()
        case 91, 92: try await giveUp(delivery)
        case 93..<96: try await release(delivery)
        case 96: try await drop(Int.random(in: 0..<model.letters.count, using: &random))
        case 97: try await propose()
        case 98: try await readEvents()
        default: try await store()
        }
    }

    /// Any delivery, mostly one whose entry is still pending.
    private func pick() -> Delivery {
        let current = deliveries.filter { $0.slot != OrderModel.gone }
        let rarely = Int.random(in: 0..<5, using: &random) == 0
        return (rarely ? nil : current.randomElement(using: &random)) ?? deliveries.randomElement(using: &random)!
    }

    func consumer() -> UInt8 { UInt8.random(in: 1...2, using: &random) }

    func name(_ consumer: UInt8) -> String { Self.consumers[Int(consumer) - 1] }

    func newToken() -> UInt8 {
        lastToken += 1
        return lastToken
    }

    // MARK: Both sides

    func note(_ text: String) { log.append(text) }

    func say(_ answer: Answer) {
        for status in [answer.first, answer.second, answer.third] {
            guard let status else { continue }
            statuses.append(status)
            if !isAnnounced { unreadEvents += 1 }
            isAnnounced = true
        }
    }

    func check<Value: Equatable>(_ what: String, _ found: Value, _ expected: Value) throws {
        note("\(what): \(found)")
        guard found == expected else { throw TestFailure("\(what): \(found) instead of \(expected)") }
    }

    /// Finds out what an action has put into slots and letters, and what it has taken out.
    func follow(from before: OrderModel) async throws {
        for slot in 0..<OrderModel.slots {
            let post = model.entries[slot].post
            if post.isNone {
                for index in deliveries.indices where deliveries[index].slot == UInt8(slot) { deliveries[index].slot = OrderModel.gone }
                for stage in Stage.allCases { unread[stage]?.removeAll { $0 == UInt8(slot) } }
                handedBack.remove(UInt8(slot))
            } else if before.entries[slot].post.isNone {
                ids[slot] = try await database.newest(database.keys.source(of: post.stage))
                unread[post.stage, default: []].append(UInt8(slot))
            }
        }
        for index in 0..<model.letters.count where !model.letters[index].post.isNone && before.letters[index].post.isNone {
            letterIDs[index] = try await database.newest(database.keys.dead)
        }
    }
}
