public import EventLoop
public import Observability
public import Orders
public import Pipeline

/// How the ticker works.
public struct TickSettings: Sendable {
    /// Time between two looks at a partition.
    public var interval: Duration
    /// How old a mark may be that fires an order.
    public var maxAge: Duration

    public init(interval: Duration, maxAge: Duration) { (self.interval, self.maxAge) = (interval, maxAge) }
}

/// Takes marks again and again, and fires the orders whose price they have reached.
///
/// A tick at which nothing is due costs Redis some microseconds for each set, however many orders are in it.
@ServiceActor
public final class Ticker {
    /// Where nothing waits, it is looked less often whether something does.
    private static let lookInterval = Duration.milliseconds(200)
    private static let countInterval = Duration.seconds(5)
    /// Partitions that are looked after side by side.
    private static let together = 16
    /// What nobody has looked at for so long belongs to another process by now.
    private static let forgetAfter = Duration.seconds(30)

    private let pipeline: OrderPipeline
    private let rounds: UpkeepRounds
    private let source: any MarkSource
    private let probe: MarkProbe
    private let settings: TickSettings
    private let clock: RedisClock
    private let observer: any StreamObserver
    private let log: Logger
    private let metrics: TickMetrics
    private let firing: Firing
    private var sets: [Int: [WaitSet]] = [:]
    private var looked: [Int: MonotonicInstant] = [:]
    private var counted: MonotonicInstant?
    /// The last marks of each partition.
    private var before: [Int: [MarkQuestion: Mark]] = [:]
    /// When the last mark of a direction was taken, or since when one is wanted, in ms of Redis' time.
    private var known: [PriceDirection: UInt64] = [:]

    public init(
        pipeline: OrderPipeline, rounds: UpkeepRounds, source: any MarkSource, tokens: TokenList, settings: TickSettings, clock: RedisClock,
        observer: any StreamObserver, log: Logger, metrics: MetricsRegistry
    ) {
        (self.pipeline, self.rounds, self.source, self.settings) = (pipeline, rounds, source, settings)
        (self.clock, self.observer, self.log) = (clock, observer, log)
        probe = MarkProbe(tokens)
        self.metrics = TickMetrics(metrics)
        self.metrics.register(in: metrics)
        firing = Firing(pipeline: pipeline, probe: probe, maxAge: settings.maxAge, clock: clock, metrics: self.metrics)
    }

    /// Runs until the task is cancelled.
    public func run() async { await rounds.each(settings.interval) { await self.tick($0) } }

    /// Looks at partitions once.
    func tick(_ partitions: [Keys]) async {
        guard pipeline.isConnected, let now = clock.now else { return }
        await attempt { () throws(PipelineError) in try await self.look(at: partitions) }
        let active = partitions.filter { sets[$0.partition]?.isEmpty == false }
        for start in stride(from: 0, to: active.count, by: Self.together) {
            await withTaskGroup(of: Void.self) { group in
                for keys in active[start..<min(start + Self.together, active.count)] { group.addTask { await self.tick(keys) } }
            }
        }
        forget()
        tell(at: now)
        if counted.map({ $0.elapsed >= Self.countInterval }) ?? true {
            await attempt { () throws(PipelineError) in try await self.count(active) }
        }
    }

    // MARK: Sets

    /// Reads which sets there are.
    private func look(at partitions: [Keys]) async throws(PipelineError) {
        let wanted = partitions.filter { keys in
            sets[keys.partition]?.isEmpty == false || looked[keys.partition].map { $0.elapsed >= Self.lookInterval } ?? true
        }
        for (keys, found) in zip(wanted, try await pipeline.waitSets(in: wanted)) {
            sets[keys.partition] = found
            looked[keys.partition] = .now
        }
    }

    /// Counts the orders that wait, and forgets sets that are empty.
    private func count(_ active: [Keys]) async throws(PipelineError) {
        counted = .now
        var sum = 0
        for keys in active where rounds.isFirst(in: keys.partition) {
            let own = sets[keys.partition] ?? []
            for (set, count) in zip(own, try await pipeline.waiting(in: own, keys)) {
                if count == 0 { try await pipeline.forget(set, in: keys) }
                // An order that trails waits in a second set, too.
                if set.kind != .peak && set.kind != .trough { sum += count }
            }
        }
        metrics.waiting = sum
    }

    // MARK: One partition

    private func tick(_ keys: Keys) async {
        await attempt { () throws(PipelineError) in
            let sets = self.sets[keys.partition] ?? []
            let questions = try await self.questions(sets, keys)
            let marks = await self.source.marks(Set(questions.values), partition: keys.partition)
            let last = self.before[keys.partition] ?? [:]
            self.before[keys.partition] = marks
            self.note(marks, wanted: questions.values)
            let reached = sets.compactMap { set -> ReachedSet? in
                guard let question = questions[set], let mark = marks[question] else { return nil }
                return self.lastKey(set, question, mark, last[question]).map { ReachedSet(set: set, last: $0, mark: mark) }
            }
            let due = try await self.pipeline.due(reached.map { ($0.set, $0.last) }, upTo: 1, in: keys)
            await self.handle(Array(zip(reached, due)), keys)
        }
    }

    /// Handles the sets side by side: neither a set with many due orders nor one that cannot be read holds up the others.
    private func handle(_ found: [(ReachedSet, Result<[WaitMember], PipelineError>)], _ keys: Keys) async {
        await withTaskGroup(of: Void.self) { group in
            for (reached, first) in found where (try? first.get().isEmpty) != true {
                group.addTask {
                    await self.attempt { () throws(PipelineError) in
                        _ = try first.get()
                        try await self.firing.handle(reached, keys)
                    }
                }
            }
        }
    }

    /// What has to be known for each set.
    private func questions(_ sets: [WaitSet], _ keys: Keys) async throws(PipelineError) -> [WaitSet: MarkQuestion] {
        var questions: [WaitSet: MarkQuestion] = [:]
        let last = String(repeating: "9", count: PriceLevel.keyLength)
        let snipers = sets.filter { $0.kind == .liquidity }
        for (set, first) in zip(snipers, try await pipeline.due(snipers.map { ($0, last) }, upTo: 1, in: keys)) {
            // The order that wants the least is first.
            questions[set] = (try? first.get().first?.amount).map { .liquidity(set.direction, $0) } ?? .price(set.direction)
        }
        for set in sets where set.kind != .liquidity { questions[set] = .price(set.direction) }
        return questions
    }

    /// The key of the last price that is due at a mark; nil where another mark has to confirm it, and there is none.
    private func lastKey(_ set: WaitSet, _ question: MarkQuestion, _ mark: Mark, _ before: Mark?) -> String? {
        if case .liquidity(_, let amount) = question { return WaitSet.key(of: amount) }
        guard set.kind != .liquidity else { return nil }
        guard set.kind.isConfirmed else { return set.key(of: mark.price) }
        // A mark that was only read again confirms nothing.
        guard let before, before.at < mark.at, mark.at - before.at <= UInt64(settings.maxAge.millisecondsRoundedUp) else { return nil }
        // In the order of the set, the one of the two that is due less.
        return min(set.key(of: mark.price), set.key(of: before.price))
    }

    // MARK: What operators see

    private func note(_ marks: [MarkQuestion: Mark], wanted: some Sequence<MarkQuestion>) {
        // For a market that cannot take an amount yet an order waits as long as it takes.
        for case .price(let direction) in wanted { known[direction] = marks[.price(direction)]?.at ?? known[direction] ?? clock.now }
    }

    private func tell(at now: UInt64) {
        let oldest = known.min { $0.value < $1.value }
        let age = oldest.map { now - min(now, $0.value) } ?? 0
        metrics.age = Double(age) / 1000
        guard let oldest, age > UInt64(settings.maxAge.millisecondsRoundedUp) else { return }
        let pair = probe.pair(oldest.key).map { "\($0.tokenIn.symbol)/\($0.tokenOut.symbol)" }
        log.limited(
            .warning, "mark.missing", every: .seconds(30),
            ["pair": .string(pair ?? oldest.key.name), "age_ms": .integer(Int(clamping: age))])
    }

    /// Forgets partitions that others look after by now, and directions in which nobody waits any more.
    private func forget() {
        for (partition, moment) in looked where moment.elapsed > Self.forgetAfter {
            (looked[partition], sets[partition], before[partition]) = (nil, nil, nil)
        }
        let directions = Set(sets.values.joined().map(\.direction))
        known = known.filter { directions.contains($0.key) }
    }

    private func attempt(_ body: @ServiceActor () async throws(PipelineError) -> Void) async {
        do throws(PipelineError) { try await body() } catch { observer.failed(doing: "tick", error: error) }
    }
}
