internal import EventLoop
internal import Orders

/// The entries of one partition's events stream: read, stored and acknowledged batch by batch. The next batch is read while one is being stored.
@ServiceActor
final class EventLane: Lane {
    private static let claimPause = Duration.milliseconds(1500)
    /// How often a batch waits for more while many orders are under way, each time longer: ten times the first wait in all.
    private static let maxWaits = 4

    private let options: EventConsumerOptions
    private let pipeline: OrderPipeline
    private let reader: GroupReader
    private let sink: SharedSink
    private let observer: any StreamObserver
    /// The batch that is being stored and the one that was read meanwhile, in this order. All of them are renewed.
    private var inHand: [StreamEntry] = []
    private var storing: Task<Void, Never>?
    private var isStopping = false
    private let stopped = Promise<Void>()
    private let idle = LoopSignal()
    private var worker: Task<Void, Never>?
    private var nextClaim = MonotonicInstant.now

    init(
        options: EventConsumerOptions, pipeline: OrderPipeline, reader: GroupReader, sink: SharedSink, observer: any StreamObserver
    ) {
        self.options = options
        self.pipeline = pipeline
        self.reader = reader
        self.sink = sink
        self.observer = observer
    }

    var isWanted = true

    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.supply() }
            group.addTask { await self.keep() }
        }
    }

    /// Stores what it reads, until the process stops or the lane is given up and has nothing in hand.
    private func supply() async {
        repeat {
            let task = Loop.spawn { await self.loop() }
            worker = task
            await task.value
        } while isWanted && !isStopping
        guard !isStopping else { return }
        reader.close()
        stopped.succeed(())
    }

    private func loop() async {
        while isWanted && !isStopping && !Task.isCancelled {
            let batch = await next()
            guard !batch.isEmpty else { continue }
            await storing?.value
            guard !Task.isCancelled else { continue }
            storing = Loop.spawn { await self.handle(batch) }
        }
        await storing?.value
    }

    /// The next entries; none if nothing came for a while.
    private func next() async -> [StreamEntry] {
        guard nextClaim <= .now else { return await fill() }
        nextClaim = ClaimTime.next()
        // On a new connection the others have not renewed their entries yet.
        return pipeline.isConnected ? await claim() : []
    }

    /// Waits for a first entry, then a moment more for others, so that one transaction serves them all. While many orders are under way it waits
    /// longer: most are over by then, and are stored once rather than at each stage.
    private func fill() async -> [StreamEntry] {
        var batch = await read(count: options.batch, block: max(.milliseconds(10), nextClaim - .now))
        guard !batch.isEmpty else { return [] }
        sink.collecting += batch.count
        defer { sink.collecting -= batch.count }
        var waits = 0
        while options.wait > .zero, batch.count < options.batch, waits < (sink.isBusy ? Self.maxWaits : 1), !isStopping {
            waits += 1
            for _ in 0..<waits where !isStopping { try? await sleep(for: options.wait) }
            guard !Task.isCancelled else { continue }
            let more = await read(count: options.batch - batch.count, block: .milliseconds(1))
            sink.collecting += more.count
            batch += more
        }
        observer.received(stream: reader.stream, count: batch.count, claimed: false)
        return batch
    }

    private func read(count: Int, block: Duration) async -> [StreamEntry] {
        let entries = await reader.read(count: count, block: block)
        inHand += entries
        return entries
    }

    private func claim() async -> [StreamEntry] {
        do throws(PipelineError) {
            guard try await pipeline.hasAbandoned(reader.stream, reader.group, after: options.visibilityTimeout) else { return [] }
            let entries = try await reader.claim(
                idle: options.visibilityTimeout, max: options.batch, .none, takesSuspects: false, inHand: inHand.map(\.id)
            ).entries
            inHand += entries
            if !entries.isEmpty { observer.received(stream: reader.stream, count: entries.count, claimed: true) }
            return entries
        } catch {
            observer.failed(doing: "claim", error: error)
            return []
        }
    }

    /// Stores the orders that the entries name, and acknowledges the entries. Repeats it while Postgres or Redis is away.
    private func handle(_ batch: [StreamEntry]) async {
        defer {
            inHand.removeFirst(batch.count)
            idle.notify()
        }
        let named = batch.compactMap { EventEntry($0) }
        var backoff = Backoff(first: .milliseconds(100), max: .seconds(2))
        while !Task.isCancelled {
            do {
                let outcome = try await store(named)
                return await acknowledge(batch, named, outcome)
            } catch let error as PipelineError {
                observer.failed(doing: "read orders", error: error)
                // The entries come again.
                guard error.isPassing else { return }
            } catch {}
            try? await sleep(for: backoff.next())
        }
    }

    /// What became of the orders of a batch.
    private struct Outcome {
        /// The state in which each order was stored.
        var stored: [OrderID: String] = [:]
        /// Why each of these orders can never be stored.
        var refused: [OrderID: String] = [:]
    }

    /// Stores each order once, however many entries name it. An order that Redis does not have is neither stored nor refused.
    private func store(_ named: [EventEntry]) async throws -> Outcome {
        var outcome = Outcome()
        guard !named.isEmpty else { return outcome }
        let ids = Array(Set(named.map(\.orderID)))
        let records = try await pipeline.records(ids)
        let found = records.compactMap { $0 }
        let refused = found.isEmpty ? [] : try await sink.store(found)
        for record in found { outcome.stored[record.id] = record.state }
        for (index, reason) in refused {
            outcome.stored[found[index].id] = nil
            outcome.refused[found[index].id] = reason
        }
        let gone = zip(ids, records).filter { $1 == nil }.map(\.0)
        if !gone.isEmpty { observer.withoutOrder(stream: reader.stream, orders: gone) }
        return outcome
    }

    /// Acknowledges a batch after COMMIT. If that fails, the entries come again, and storing their orders again changes nothing.
    ///
    /// A refused order is not in Postgres. It stays in Redis until its letter is settled.
    private func acknowledge(_ batch: [StreamEntry], _ named: [EventEntry], _ outcome: Outcome) async {
        do throws(PipelineError) {
            let readable = Set(named.map(\.entry))
            for entry in batch where !readable.contains(entry.id) { try await reader.bury(entry, reason: "MALFORMED", name: Keys.Name.events) }
            let orders = Dictionary(named.map { ($0.entry, $0.orderID) }) { first, _ in first }
            for entry in batch {
                guard let id = orders[entry.id], let reason = outcome.refused[id] else { continue }
                try await reader.bury(entry, reason: reason, name: Keys.Name.events, order: id)
            }
            let done = named.filter { outcome.refused[$0.orderID] == nil }
            try await pipeline.stored(done.map { ($0.entry, $0.orderID.description, outcome.stored[$0.orderID] ?? "") }, reader.keys)
        } catch {
            observer.failed(doing: "acknowledge events", error: error)
        }
    }

    private func keep() async {
        while !stopped.isCompleted {
            await renew()
            try? await stopped.value(within: options.renewInterval)
        }
    }

    private func renew() async {
        do throws(PipelineError) {
            let lost = try await reader.renew(inHand.map(\.id)).lost
            if !lost.isEmpty { observer.lost(stream: reader.stream, count: lost.count) }
        } catch {
            observer.failed(doing: "renew", error: error)
        }
    }

    func connectionRestored() {
        nextClaim = .now + Self.claimPause
        Loop.spawn { await self.renew() }
    }

    func stop(within grace: Duration) async {
        isStopping = true
        reader.close()
        let start = MonotonicInstant.now
        while !inHand.isEmpty, start.elapsed < grace { _ = try? await idle.wait(upTo: grace - start.elapsed) }
        worker?.cancel()
        storing?.cancel()
        await reader.release()
        stopped.succeed(())
    }
}
