import Configuration
import EventLoop
import Orders
import Redis
import TestSupport
import Testing

@testable import Pipeline

/// A pipeline on an empty database of a real Redis, with its groups, and the questions that tests ask about it.
@ServiceActor
final class Bench {
    let redis: RedisClient
    let pipeline: OrderPipeline
    let url: String
    var keys: Keys { pipeline.partitions[0] }

    init(url: String, settings: PipelineSettings, barrier: ReplicaBarrier? = nil) throws {
        self.url = url
        redis = RedisClient(url: try #require(RedisURL(url)), name: "bench")
        pipeline = OrderPipeline(redis: redis, settings: settings, barrier: barrier)
    }

    @discardableResult
    func send(_ command: String...) async throws -> RedisValue { try await redis.send(command) }

    /// The time of Redis in ms.
    func now() async throws -> UInt64 { try await pipeline.time() }

    /// A number that Redis counts of itself, from `INFO`; `name` is followed there by `:` or by what is left of it.
    func counter(_ name: String, in section: String) async throws -> Int {
        let line = try await send("INFO", section).string?.split(separator: "\r\n").first { $0.hasPrefix(name) }
        return line.flatMap { Int($0.dropFirst(name.count).prefix { $0.isNumber }) } ?? 0
    }

    /// How many scripts Redis has run.
    func scriptRuns() async throws -> Int { try await counter("cmdstat_evalsha:calls=", in: "commandstats") }

    // MARK: Orders

    @discardableResult
    func accept(_ order: Order, before limit: UInt64 = .max / 1000) async throws -> AcceptOutcome {
        try await pipeline.accept([NewOrder(order)], idempotencyTTL: 60_000, before: limit, timeout: .seconds(5))
    }

    func place(_ order: Order = Samples.order()) async throws -> Order {
        guard case .accepted = try await accept(order) else { throw TestFailure("the order was not accepted") }
        return order
    }

    /// Places an order and leads it to a state that is not final. Returns it with the entry that consumer `a` has in hand.
    func reach(_ state: OrderState, _ order: Order = Samples.order()) async throws -> (Order, WorkEntry) {
        let order = try await place(order)
        let first = try await take(.router)
        if state == .pending { return (order, first) }
        try await begin(first)
        if state == .routing { return (order, first) }
        if state == .requote { return (order, try await written(Samples.failure(.venueUnavailable, stage: .router), first)) }
        try await written(.routeDone([Samples.meteora, Samples.raydium]), first)
        let second = try await take(.executor)
        if state == .routed { return (order, second) }
        try await begin(second)
        if state == .building { return (order, second) }
        if state == .waiting { return (order, try await written(Samples.failure(.network), second)) }
        return (order, try await written(Samples.submit(order), second))
    }

    @discardableResult
    func begin(_ entry: WorkEntry) async throws -> Work {
        guard case .work(let work) = try await pipeline.begin(entry) else { throw TestFailure("the entry could not be begun") }
        return work
    }

    @discardableResult
    func written(_ request: StepRequest, _ entry: WorkEntry) async throws -> WorkEntry {
        let outcome = try await pipeline.step(request, entry)
        guard case .written = outcome else { throw TestFailure("\(request.step) was answered by \(outcome)") }
        return entry
    }

    /// Routes an order, as a router does.
    func route(_ entry: WorkEntry) async {
        guard case .work = try? await pipeline.begin(entry) else { return }
        _ = try? await pipeline.step(.routeDone([Samples.meteora]), entry)
    }

    // MARK: Entries

    /// Reads the next new entry of a stage.
    func take(_ stage: Stage, as consumer: String = "a") async throws -> WorkEntry {
        let reply = try await send("XREADGROUP", "GROUP", stage.group, consumer, "COUNT", "1", "STREAMS", keys.source(of: stage), ">")
        let entry = try #require(StreamEntry.list(readGroup: reply).first, "nothing new for the \(stage)")
        return try #require(WorkEntry(entry, options: .of(stage, consumer), partition: 0))
    }

    /// Takes an entry over, as a claim does.
    func claim(_ entry: WorkEntry, as consumer: String) async throws -> WorkEntry {
        try await send("XCLAIM", keys.source(of: entry.stage), entry.stage.group, consumer, "0", entry.entry)
        return entry.held(by: consumer)
    }

    /// Claims entries of a stage's stream that nobody renews.
    func claim(
        _ stage: Stage = .router, as consumer: String, idle: Int = 5000, max: Int = 10, _ suspicion: Suspicion = Suspicion(maxStarts: 5),
        suspects: Bool = true, inHand: [String] = []
    ) async throws -> [StreamEntry] {
        let reply = try await pipeline.run(
            Scripts.claim, keys: [keys.source(of: stage)],
            [
                stage.group, consumer, String(idle), String(max), String(suspicion.from), String(suspicion.aloneFrom), suspects ? "1" : "0",
                "1",
            ] + inHand)
        return StreamEntry.list(claimed: .array(Array((reply.array ?? []).dropFirst())))
    }

    /// Places an order in a partition without others, and reads it for a router `a` that never renews it. Its entry looks as if it had been delivered
    /// that often.
    func abandon(in keys: Keys, idle: Int = 60_000, deliveries: Int) async throws -> (order: Order, entry: String) {
        let order = try await place(Samples.order(Samples.id(partition: UInt8(keys.partition))))
        let reply = try await send("XREADGROUP", "GROUP", "router", "a", "STREAMS", keys.accepted, ">")
        let entry = try #require(StreamEntry.list(readGroup: reply).first).id
        try await age(entry, in: keys.accepted, "router", of: "a", idle: idle, deliveries: deliveries)
        return (order, entry)
    }

    /// Adds an entry to a stage's stream and reads it.
    func inject(_ stage: Stage, _ id: OrderID, round: Int, as consumer: String = "a") async throws -> WorkEntry {
        let added = try await send("XADD", keys.source(of: stage), "*", "id", id.description, "round", String(round)).string
        while true {
            let entry = try await take(stage, as: consumer)
            if entry.entry == added { return entry }
        }
    }

    /// Makes an entry look as if it had been delivered that often and left idle for that long.
    func age(_ entry: String, in stream: String, _ group: String, of consumer: String, idle: Int = 60_000, deliveries: Int = 1) async throws {
        try await send("XCLAIM", stream, group, consumer, "0", entry, "IDLE", String(idle), "RETRYCOUNT", String(deliveries), "JUSTID")
    }

    func pending(_ stage: Stage) async throws -> Int { Int(try await send("XPENDING", keys.source(of: stage), stage.group).array?[0].integer ?? -1) }

    /// The number of orders that were put on the executor's stream.
    func routed() async throws -> Int { Int(try await send("XLEN", keys.routed).integer ?? 0) }

    // MARK: Looking

    func field(_ order: Order, _ name: String) async throws -> String { try await send("HGET", keys.order(order.id), name).string ?? "" }

    func place(of order: Order) async throws -> OrderPlace? { OrderPlace(try await field(order, "s")) }

    func state(_ order: Order) async throws -> OrderState? { try await place(of: order)?.state }

    /// The entry or retry from which an order goes on; empty if there is none.
    func entry(_ order: Order) async throws -> String { try #require(try await place(of: order)).entry }

    /// Puts an order into another state, and leaves the rest of its place.
    func put(_ order: Order, in state: OrderState) async throws {
        let words = try await field(order, "s").split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        try await send("HSET", keys.order(order.id), "s", "\(state) \(words[1])")
    }

    /// The events of an order, from its hash.
    func events(_ order: Order) async throws -> [OrderEvent] {
        try #require(try await pipeline.snapshot(order.id)).events
    }

    /// Gives the events of an order other times, in order of seq.
    func move(_ order: Order, to times: [UInt64]) async throws {
        let fields = try await send("HGETALL", keys.order(order.id)).array ?? []
        var times = times[...]
        let steps = stride(from: 0, to: fields.count, by: 2).compactMap { index in
            Int(fields[index].string ?? "").map { ($0, fields[index + 1].string ?? "") }
        }
        for (seq, lines) in steps.sorted(by: { $0.0 < $1.0 }) {
            let moved = lines.split(separator: "\n").map { #"{"t":\#(times.popFirst() ?? 0)"# + $0.drop { $0 != "," } }
            try await send("HSET", keys.order(order.id), String(seq), moved.joined(separator: "\n"))
        }
    }

    /// The time to live of an order in ms. -1 if it has none.
    func timeToLive(_ order: Order) async throws -> Int { Int(try await send("PTTL", keys.order(order.id)).integer ?? -9) }

    /// Fields of the dead letters, oldest first.
    func deadLetters() async throws -> [[String: String]] {
        (try await send("XRANGE", keys.dead, "-", "+").array ?? []).map { row in
            let values = (row.array?[1].array ?? []).map { $0.string ?? "?" }
            return Dictionary(uniqueKeysWithValues: stride(from: 0, to: values.count, by: 2).map { (values[$0], values[$0 + 1]) })
        }
    }

    /// An order's hash, sorted, because Redis changes the order of fields while a hash grows.
    func hash(_ order: Order) async throws -> [RedisValue] {
        let values = try await send("HGETALL", keys.order(order.id)).array ?? []
        let pairs = stride(from: 0, to: values.count, by: 2).map { (values[$0].string ?? "", values[$0 + 1]) }
        return pairs.sorted { $0.0 < $1.0 }.flatMap { [.string($0.0), $0.1] }
    }

    /// Everything that a step may write. Tests compare it to see that nothing was written.
    func everything(_ order: Order) async throws -> [RedisValue] {
        var all = try await hash(order)
        for stream in [keys.accepted, keys.routed, keys.events, keys.dead] { all.append(try await send("XLEN", stream)) }
        for stage in Stage.allCases { all.append(.integer(Int64(try await pending(stage)))) }
        all.append(try await send("ZRANGE", keys.retries, "0", "-1", "WITHSCORES"))
        all.append(try await send("ZRANGE", keys.deadlines, "0", "-1", "WITHSCORES"))
        return all
    }

    /// Reads what is new on the events stream. Returns each entry with its order and the place where that is now.
    func unstored() async throws -> [(entry: String, orderID: String, state: String)] {
        let reply = try await send("XREADGROUP", "GROUP", persistGroup, "n", "STREAMS", keys.events, ">")
        var found: [(entry: String, orderID: String, state: String)] = []
        for entry in StreamEntry.list(readGroup: reply) {
            let id = try #require(entry.fields?["id"])
            found.append((entry.id, id, try await send("HGET", keys.orderPrefix + id, "s").string ?? ""))
        }
        return found
    }

    /// Acknowledges all events of the stream as stored.
    func storeEvents() async throws { try await pipeline.stored(try await unstored(), keys) }

    /// Whether all events of an order that Redis has are stored.
    func isStored(_ order: Order) async throws -> Bool {
        let values = try await send("HMGET", keys.order(order.id), "s", "p").array ?? []
        return values.count == 2 && !values[0].isNull && values[1].isNull
    }
}

/// Runs a test on a database of the shared server, or of another one.
@ServiceActor
func withBench(
    _ settings: PipelineSettings = PipelineSettings(), on server: RedisServer? = nil, _ body: @ServiceActor (Bench) async throws -> Void
) async throws {
    let url = if let server { server.url } else { try await RedisServer.shared().database() }
    let bench = try Bench(url: url, settings: settings)
    try await alongside({ await bench.redis.run() }, stop: { bench.redis.close() }) {
        try await bench.redis.connected(within: .seconds(20))
        for keys in bench.pipeline.partitions { try await bench.pipeline.createGroups(keys) }
        try await body(bench)
    }
}

extension WorkEntry {
    /// The same entry in the hand of another consumer, or in another delivery.
    func held(by consumer: String? = nil, token: String? = nil, deliveries: Int? = nil) -> WorkEntry {
        WorkEntry(
            stage: stage, partition: partition, entry: entry, orderID: orderID, round: round, consumer: consumer ?? self.consumer,
            deliveries: deliveries ?? self.deliveries, token: token ?? String(UInt64.random(in: .min ... .max), radix: 36))
    }
}

extension WorkerOptions {
    static func of(
        _ stage: Stage, _ consumer: String, concurrency: Int = 10, visibilityTimeout: Duration = .milliseconds(300)
    ) -> WorkerOptions {
        WorkerOptions(
            stage: stage, concurrency: concurrency, visibilityTimeout: visibilityTimeout, renewInterval: .milliseconds(100), consumer: consumer)
    }
}

extension BeginOutcome {
    var dropped: DropReason? { if case .drop(let reason) = self { reason } else { nil } }
    var work: Work? { if case .work(let work) = self { work } else { nil } }
}

extension StepOutcome {
    var dropped: DropReason? { if case .drop(let reason) = self { reason } else { nil } }
    var isWritten: Bool { if case .written = self { true } else { false } }
    var resumed: Work? { if case .again(let work) = self { work } else { nil } }
}

/// Messages that were heard on channels.
@ServiceActor
final class Heard {
    private(set) var texts: [String] = []
    func note(_ text: String) { texts.append(text) }
}

/// Listens to channels while `body` runs.
@ServiceActor
func withListener(_ bench: Bench, _ channels: [String], _ body: @ServiceActor (Heard) async throws -> Void) async throws {
    let heard = Heard()
    let subscriber = RedisSubscriber(url: try #require(RedisURL(bench.url)), name: "listener")
    try await alongside({ await subscriber.run() }, stop: { subscriber.close() }) {
        try await subscriber.connected(within: .seconds(20))
        for channel in channels { _ = try await subscriber.subscribe(channel) { heard.note($0) } }
        try await body(heard)
    }
}
