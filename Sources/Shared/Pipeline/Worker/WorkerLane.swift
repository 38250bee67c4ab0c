internal import EventLoop
internal import Orders

/// A worker's share of one partition: fills its places with entries, claimed ones before new ones, and keeps what it holds.
@ServiceActor
final class WorkerLane {
    private struct Held {
        let work: WorkEntry?
        let task: Task<Void, Never>
    }

    private static let claimInterval = Duration.seconds(1)
    /// After a reconnect every entry's idle time has run on; its owner renews it before anybody may claim.
    private static let claimPause = Duration.milliseconds(1500)
    /// The delivery from which on an entry is suspected of ending whoever touches it. Until its next step nothing new is taken beside it, at most
    /// for the visibility time-out: what is still without a step then waits for somebody slow, and would have ended its worker long ago.
    private static let suspectFrom = 3

    private let options: WorkerOptions
    private let places: Int
    private let pipeline: OrderPipeline
    private let reader: GroupReader
    private let handler: any OrderHandler
    private let budget: AttemptBudget?
    private let observer: any StreamObserver
    private let mostDeliveries: Int
    private var held: [String: Held] = [:]
    private let changed = LoopSignal()
    private let stopped = Promise<Void>()
    private var isStopping = false
    private var supplier: Task<Void, any Error>?
    private var nextClaim = MonotonicInstant.now

    init(
        options: WorkerOptions, places: Int, pipeline: OrderPipeline, reader: GroupReader, handler: any OrderHandler, budget: AttemptBudget?,
        observer: any StreamObserver, mostDeliveries: Int
    ) {
        self.options = options
        self.places = places
        self.pipeline = pipeline
        self.reader = reader
        self.handler = handler
        self.budget = budget
        self.observer = observer
        self.mostDeliveries = mostDeliveries
    }

    var inHand: [String] { Array(held.keys) }
    private var free: Int { places - held.count }

    // MARK: Supply

    /// Fills free places until the worker stops.
    func supply() async {
        let task = Loop.spawn { try await self.supplyLoop() }
        supplier = task
        _ = await task.result
    }

    private func supplyLoop() async throws {
        while !isStopping {
            if free <= 0 {
                try await changed.wait(atMost: Self.claimInterval)
            } else if nextClaim <= .now {
                nextClaim = .now + Self.claimInterval
                await claim()
            } else {
                try await read()
            }
        }
    }

    private func read() async throws {
        let untilClaim = max(.milliseconds(10), nextClaim - .now)
        guard let budget else {
            accept(await reader.read(count: free, block: untilClaim), claimed: false)
            return
        }
        let grant = await budget.take(free)
        guard !grant.places.isEmpty else {
            try await sleep(for: min(untilClaim, grant.wait))
            return
        }
        let entries = await reader.read(count: grant.places.count, block: untilClaim)
        let firsts = entries.count { $0.fields?["round"] == "1" }
        accept(entries, claimed: false)
        // Not in this task: a worker that stops would keep the places from the others for a minute.
        Loop.spawn { await budget.giveBack(Array(grant.places.dropFirst(firsts))) }
    }

    private func claim() async {
        do throws(PipelineError) {
            // What is in hand is renewed first: a frozen process that wakes up would else claim from itself.
            try await renewHeld()
            let entries = try await reader.claim(idle: options.visibilityTimeout, most: free, suspectsAlone: true, inHand: inHand)
            accept(entries, claimed: true)
            guard let entry = entries.first, entry.deliveries >= Self.suspectFrom else { return }
            if let work = held[entry.id]?.work { await pipeline.waitForStep(of: work, within: options.visibilityTimeout) }
            // The next of them need not wait for its turn: after two crashes in a row every entry is a suspect.
            nextClaim = .now
        } catch {
            observer.failed(doing: "claim", error: error)
        }
    }

    private func accept(_ entries: [StreamEntry], claimed: Bool) {
        guard !entries.isEmpty else { return }
        observer.received(stream: reader.stream, count: entries.count, claimed: claimed)
        for entry in entries {
            let work = WorkEntry(entry, options: options, partition: reader.keys.partition)
            let task = Loop.spawn { await self.handle(entry, work) }
            held[entry.id] = Held(work: work, task: task)
        }
    }

    private func handle(_ entry: StreamEntry, _ work: WorkEntry?) async {
        defer {
            held[entry.id] = nil
            if let work { pipeline.noteProgress(of: work) }
            changed.notify()
        }
        do throws(PipelineError) {
            guard let work else {
                try await reader.bury(entry, reason: "MALFORMED", name: options.stage.stream)
                return
            }
            if entry.deliveries > mostDeliveries {
                let buried = try await reader.bury(entry, reason: "POISONED", name: options.stage.stream, order: work.orderID, fails: true)
                if buried != nil { return }
            }
        } catch {
            observer.failed(doing: "bury", error: error)
            return
        }
        if let work { await handler.handle(work) }
    }

    // MARK: Keep

    /// Renews what is in hand until the worker has stopped.
    func keep() async {
        while !stopped.isCompleted {
            do throws(PipelineError) {
                try await renewHeld()
            } catch {
                observer.failed(doing: "renew", error: error)
            }
            try? await stopped.value(within: options.renewInterval)
        }
    }

    private func renewHeld() async throws(PipelineError) {
        let lost = try await reader.renew(inHand).filter { held[$0] != nil }
        guard !lost.isEmpty else { return }
        // Finished meanwhile, or another's now: a step would be refused as stale or fenced either way.
        observer.lost(stream: reader.stream, count: lost.count)
        for entry in lost { held[entry]?.task.cancel() }
    }

    func connectionRestored() {
        nextClaim = .now + Self.claimPause
        Loop.spawn {
            do throws(PipelineError) { try await self.renewHeld() } catch { self.observer.failed(doing: "renew", error: error) }
        }
    }

    // MARK: Stop

    func stop(within grace: Duration) async {
        isStopping = true
        supplier?.cancel()
        reader.close()
        changed.notify()
        let start = MonotonicInstant.now
        while !held.isEmpty, start.elapsed < grace { _ = try? await changed.wait(atMost: grace - start.elapsed) }
        for (_, entry) in held { entry.task.cancel() }
        await reader.release(held.values.compactMap(\.work))
        stopped.succeed(())
    }
}

extension WorkEntry {
    /// Names and values together, in bytes. A newer version may add fields, but no work entry is ever near this.
    private static let mostBytes = 4_096

    /// Reads an entry of a work stream: `id`, a UUID in lower case, and `round`, from 1. Nil when it is anything else.
    init?(_ entry: StreamEntry, options: WorkerOptions, partition: Int) {
        guard let fields = entry.fields, fields.reduce(0, { $0 + $1.key.utf8.count + $1.value.utf8.count }) <= Self.mostBytes,
            let text = fields["id"], let id = OrderID(parsing: text), id.description == text,
            let round = fields["round"].flatMap({ Int($0) }), round >= 1
        else { return nil }
        self.init(
            stage: options.stage, partition: partition, entry: entry.id, orderID: id, round: round, consumer: options.consumer,
            deliveries: entry.deliveries, token: String(UInt64.random(in: .min ... .max), radix: 36))
    }
}
