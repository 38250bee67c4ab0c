import EventLoop
import Orders
import Redis

@testable import Pipeline

extension Schedule {
    func promote() async throws {
        let before = model
        let found = try await database.pipeline.promote(database.keys)
        var expected = 0
        for index in 0..<model.retries.count where !model.retries[index].isNone && model.promote(index) { expected += 1 }
        try check("promote", found, expected)
        try await follow(from: before)
    }

    func cancel() async throws {
        var expected = CancelOutcome.cancelled
        if let answer = model.cancel() {
            say(answer)
        } else if model.isGone {
            expected = .unknown
        } else if model.state == .submitted {
            expected = .submitted
        } else if model.state != .cancelled {
            expected = .final(model.state)
        }
        try check("cancel", try await database.pipeline.cancel(order.id), expected)
    }

    /// The account's one open order is this one. Another one is refused, and leaves nothing behind.
    func propose() async throws {
        guard let limits, model.isCounted else { return }
        let other = SampleOrder.make(using: &random)
        let outcome = try await database.pipeline.accept(
            [NewOrder(other)], limits: limits, idempotencyTTL: 60_000, before: .max / 1000, timeout: .seconds(5))
        try check("another order", outcome, .limited(.openOrders(1)))
        try check("its hash", try await database.send("EXISTS", database.keys.order(other.id)).integer, 0)
    }

    func passDeadline() async throws {
        guard !model.isPastDeadline, !model.isGone else { return }
        note("the deadline passes")
        model.isPastDeadline = true
        try await database.send("HSET", database.keys.order(order.id), "x", "1000")
        if !model.isFinal { try await database.send("ZADD", database.keys.deadlines, "1000", order.id.description) }
    }

    func sweep() async throws {
        let answer = model.sweep()
        if let answer { say(answer) }
        try check("sweep", try await database.pipeline.sweep(database.keys), answer == nil ? 0 : 1)
    }

    func putBack() async throws {
        guard let index = (0..<model.letters.count).first(where: { !model.letters[$0].post.isNone }) else { return }
        let before = model
        let outcome = try await database.pipeline.retry(DeadLetterID(partition: 0, entry: letterIDs[index])!)
        var found = "\(outcome)"
        if case .restored = outcome { found = "restored" }
        let expected = model.isGone ? "\(RetryOutcome.orderMissing(order.id))" : model.isFinal ? "\(RetryOutcome.final(model.state))" : "restored"
        _ = model.putBack(index)
        try check("letter \(index) is put back", found, expected)
        try await follow(from: before)
    }

    func drop(_ index: Int) async throws {
        guard !model.letters[index].post.isNone else { return }
        let expected = model.letters[index].isInDoubt && !model.isFinal ? DropOutcome.inDoubt : .dropped
        if expected == .dropped { model.letters[index] = OrderModel.Letter() }
        try check("letter \(index) is dropped", try await database.pipeline.drop(DeadLetterID(partition: 0, entry: letterIDs[index])!), expected)
    }

    // MARK: Postgres

    /// A notifier reads the events stream, and the order as it is then.
    func readEvents() async throws {
        let found = try await database.readEvents()
        try check("entries of events", found.count, unreadEvents)
        unreadEvents = 0
        snapshots += found.map { ($0, place) }
    }

    /// A notifier commits what it has read, and mostly lives to say so. After that the hash may expire if nothing keeps it.
    func store() async throws {
        for (snapshot, _) in snapshots where snapshot.events.count > stored.count { stored = snapshot.events }
        note("\(stored.count) events are in Postgres")
        guard Int.random(in: 0..<8, using: &random) > 0 else { return }
        for (snapshot, seen) in snapshots {
            try await database.pipeline.stored([(snapshot.entry, order.id.description, snapshot.place)], database.keys)
            if seen == place { isAnnounced = false } else { unreadEvents += 1 }
        }
        snapshots = []
        try await compare()
        guard model.isFinal, model.named == OrderModel.nothing, !isAnnounced, Bool.random(using: &random) else { return }
        note("the hash is gone")
        try await database.send("DEL", database.keys.order(order.id))
        model.isGone = true
    }

    // MARK: The end

    /// Leads the order to its end, and clears away all entries and letters that are left.
    func drain() async throws {
        note("the rest is cleared away")
        for _ in 0..<100 where !isAtRest {
            while unread.values.contains(where: { !$0.isEmpty }) { try await read() }
            for slot in 0..<UInt8(OrderModel.slots) {
                guard let old = deliveries.last(where: { $0.slot == slot }) else { continue }
                try await finish(try await claim(old, as: consumer()))
                try await promote()
                for index in 0..<model.letters.count { try await drop(index) }
            }
            try await promote()
            try await compare()
        }
        while isAnnounced {
            try await readEvents()
            try await store()
        }
    }

    private func finish(_ delivery: Delivery) async throws {
        func isPending() -> Bool { deliveries.contains { $0.token == delivery.token && $0.slot != OrderModel.gone } }
        try await begin(delivery)
        for request in requests(delivery.work.stage) where isPending() { try await step(deliveries.first { $0.token == delivery.token }!, request) }
    }

    private var isAtRest: Bool {
        (0..<OrderModel.slots).allSatisfy { model.entries[$0].post.isNone } && (0..<model.retries.count).allSatisfy { model.retries[$0].isNone }
    }
}
