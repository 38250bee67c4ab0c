import EventLoop
import Orders
import Redis
import TestSupport
import Testing

@testable import Pipeline

/// Random schedules of two consumers per stage on one order, on the model and on a real Redis side by side.
@Suite(.onLoop) @ServiceActor
struct ScheduleTests {
    private static let schedules = 300

    @Test func `whatever the schedule, Redis does what the model does`() async throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededGenerator(seed: seed)
        try await withBench(PipelineSettings(maxStarts: 3)) { bench in
            for number in 0..<Self.schedules {
                let schedule = Schedule(bench, random: SeededGenerator(seed: random.next()))
                do {
                    try await schedule.run()
                } catch {
                    throw TestFailure("seed \(seed), schedule \(number): \(error)\n\(schedule.log.joined(separator: "\n"))")
                }
            }
        }
    }
}

extension WorkEntry {
    /// Two streams may give the same id.
    fileprivate var name: String { "\(stage.stream) \(entry)" }
}

@ServiceActor
private final class Schedule {
    private let bench: Bench
    private var random: SeededGenerator
    private var model: OrderModel
    private var order = Samples.order(deadline: 9_000_000_000_000)
    private var deadLetters = 0
    /// Deliveries that a consumer believes to hold, the lost ones included.
    private var deliveries: [WorkEntry] = []
    private(set) var log: [String] = []

    init(_ bench: Bench, random: SeededGenerator) {
        self.bench = bench
        self.random = random
        model = OrderModel(maxStarts: bench.pipeline.settings.maxStarts)
    }

    func run() async throws {
        deadLetters = try await bench.deadLetters().count
        order = try await bench.place(order)
        for _ in 0..<Int.random(in: 5...40, using: &random) {
            try await act()
            try await compare()
        }
        try await drain()
        try await judge()
    }

    private func act() async throws {
        if deliveries.isEmpty { return try await read() }
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<15: try await read()
        case 15..<23: try await steal()
        case 23..<45: try await begin()
        case 45..<80: try await step()
        case 80..<88: try await check("promote", bench.pipeline.promote(bench.keys), model.promote())
        case 88..<93: try await inject()
        case 93..<94: try await check("cancel", bench.pipeline.cancel(order.id) == .cancelled, model.cancel())
        case 94..<95: try await passDeadline()
        default: try await check("sweep", bench.pipeline.sweep(bench.keys), model.sweep())
        }
    }

    // MARK: Actions

    /// Reads the oldest entry that nobody has read, of either stage.
    private func read() async throws {
        guard let next = model.unread.first else { return }
        model.unread.removeFirst()
        let entry = try await bench.take(next.stage, as: consumer())
        guard entry.orderID == order.id, entry.round == next.round else { throw TestFailure("read \(entry) instead of \(next)") }
        log.append("read \(entry.name) of round \(next.round) as \(entry.consumer)")
        model.entries[entry.name] = OrderModel.Entry(stage: next.stage, round: next.round, owner: entry.consumer)
        deliveries.append(entry)
    }

    /// Another consumer, or the same one once more, takes an entry over; who had it believes to have it still.
    private func steal() async throws {
        guard let entry = deliveries.randomElement(using: &random), model.entries[entry.name]?.isDone == false else { return }
        let mine = try await bench.claim(entry, as: consumer())
        log.append("steal \(entry.name) as \(mine.consumer)")
        model.entries[entry.name]?.owner = mine.consumer
        deliveries.append(mine)
    }

    private func begin() async throws {
        guard let entry = deliveries.randomElement(using: &random) else { return }
        try await begin(entry)
    }

    private func begin(_ entry: WorkEntry) async throws {
        let expected = model.begin(entry.name, as: entry.consumer, token: entry.token)
        let outcome = try await bench.pipeline.begin(entry)
        let found = outcome.work.map { $0.isResumed ? "again" : "ok" } ?? "\(outcome.dropped!)"
        try check("begin \(entry.name) as \(entry.consumer)", found, "\(expected)")
    }

    private func step() async throws {
        guard let entry = deliveries.randomElement(using: &random) else { return }
        try await step(entry, requests(entry.stage).randomElement(using: &random)!)
    }

    private func step(_ entry: WorkEntry, _ request: StepRequest) async throws {
        let expected = model.step(request, entry.name, as: entry.consumer)
        let outcome = try await bench.pipeline.step(request, entry)
        let found = outcome.dropped.map { "\($0)" } ?? (outcome.isWritten ? "ok" : "again")
        try check("\(request.step) \(entry.name) as \(entry.consumer)", found, "\(expected)")
    }

    /// The same order once more under another id, mostly of this round.
    private func inject() async throws {
        let stage = Stage.allCases.randomElement(using: &random)!
        let round = max(1, model.round + [-1, 0, 0, 0, 1].randomElement(using: &random)!)
        guard model.unread.isEmpty else { return }
        let entry = try await bench.inject(stage, order.id, round: round, as: consumer())
        log.append("inject \(entry.name) of round \(round) as \(entry.consumer)")
        model.entries[entry.name] = OrderModel.Entry(stage: stage, round: round, owner: entry.consumer)
        deliveries.append(entry)
    }

    private func passDeadline() async throws {
        log.append("deadline")
        model.isPastDeadline = true
        try await bench.send("HSET", bench.keys.order(order.id), "deadline", "1000")
        if model.state != .submitted, !model.state.isFinal { try await bench.send("ZADD", bench.keys.deadlines, "1000", order.id.description) }
    }

    private func requests(_ stage: Stage) -> [StepRequest] {
        let attempt = model.attempt
        guard stage == .executor else {
            return [
                .routeDone([Samples.meteora]), .routeDone([Samples.raydium]), Samples.failure(.venueUnavailable, stage: .router, attempt: attempt),
            ]
        }
        let submit = Samples.submit(order, attempt: attempt)
        return [
            submit, submit, .confirm(Samples.fill), Samples.failure(.network, attempt: attempt),
            Samples.failure(.slippageExceeded, attempt: attempt), Samples.failure(.quoteStale, attempt: attempt),
        ]
    }

    private func consumer() -> String { ["a", "b"].randomElement(using: &random)! }

    // MARK: The end

    /// Leads the order to its end, and every entry that is left out of the way.
    private func drain() async throws {
        for _ in 0..<100 where !model.unread.isEmpty || model.retry != nil || model.entries.values.contains(where: { !$0.isDone }) {
            while !model.unread.isEmpty { try await read() }
            for (id, entry) in model.entries where !entry.isDone {
                let delivery = deliveries.last { $0.name == id && $0.consumer == entry.owner }!
                try await begin(delivery.held())
                for request in requests(entry.stage) where model.entries[id]?.isDone == false { try await step(delivery, request) }
            }
            try await check("promote", bench.pipeline.promote(bench.keys), model.promote())
            try await compare()
        }
    }

    /// Numbered without a gap, by legal moves, one end; and nothing is left behind.
    private func judge() async throws {
        let events = try await bench.events(order)
        guard events.map(\.seq) == Array(1...model.seq) else { throw TestFailure("a gap in \(events.map(\.seq))") }
        guard events.map(\.status) == model.statuses else { throw TestFailure("\(events.map(\.status)) instead of \(model.statuses)") }
        for (status, next) in zip(model.statuses, model.statuses.dropFirst()) where !StatusMachine.canMove(from: status, to: next) {
            throw TestFailure("\(status) is followed by \(next)")
        }
        // In doubt is the one state in which an order without an entry may stay.
        let ends = events.count { $0.status.isFinal }
        guard ends == (model.state == .submitted ? 0 : 1), model.state.isFinal || model.state == .submitted else {
            throw TestFailure("\(ends) ends in \(model.state)")
        }
        try check("entry", try await bench.field(order, "entry"), "")
        for stage in Stage.allCases { try check("pending \(stage)", try await bench.pending(stage), 0) }
        try check("dead letters", try await bench.deadLetters().count - deadLetters, model.deadLetters)
        let stored = try await bench.send("XRANGE", bench.keys.events, "-", "+").array ?? []
        try check("stored", stored.count { $0.array?[1].array?[1].string == order.id.description }, model.seq)
        try await bench.send("DEL", bench.keys.dead, bench.keys.events)
        try await bench.pipeline.createGroups(bench.keys)
    }

    private func compare() async throws {
        let names = ["state", "round", "attempt", "seq"]
        let found = (try await bench.redis.send(["HMGET", bench.keys.order(order.id)] + names).array ?? []).map { $0.string ?? "" }
        try check("hash", found, [model.state.rawValue, "\(model.round)", "\(model.attempt)", "\(model.seq)"])
    }

    private func check<Value: Equatable>(_ what: String, _ found: Value, _ expected: Value) throws {
        log.append("\(what): \(found)")
        guard found == expected else { throw TestFailure("\(what): \(found) instead of \(expected)") }
    }
}
