internal import EventLoop
internal import Orders
internal import Synchronization

/// A worker's lane of one partition. It fills its places with entries, claimed ones before new ones, and renews the entries that it holds, also those
/// that have left their places.
@ServiceActor
final class WorkerLane {
    private struct Held {
        let work: WorkEntry?
        let place: Place
        let task: Task<Void, Never>
    }

    private static let claimInterval = Duration.seconds(1)
    /// After a reconnect the idle time of every entry has run on. Its owner must be able to renew it before another worker claims it.
    private static let claimPause = Duration.milliseconds(1500)

    private let options: WorkerOptions
    private(set) var places: Places
    private let pipeline: OrderPipeline
    private let reader: GroupReader
    private let handler: any OrderHandler
    private let budget: AttemptBudget?
    private let observer: any StreamObserver
    private let maxDeliveries: Int
    private let suspicion: Suspicion
    private let quarantine: Quarantine
    private var held: [String: Held] = [:]
    private let changed = LoopSignal()
    private let stopped = Promise<Void>()
    private var isStopping = false
    private var supplier: Task<Void, any Error>?
    private var nextClaim = MonotonicInstant.now
    private var pausedUntil = MonotonicInstant.now
    /// When the last renewal of all entries in hand began that succeeded.
    private var lastRenewal = MonotonicInstant.now

    init(
        options: WorkerOptions, places: Places, pipeline: OrderPipeline, reader: GroupReader, handler: any OrderHandler, budget: AttemptBudget?,
        observer: any StreamObserver, quarantine: Quarantine
    ) {
        self.options = options
        self.places = places
        self.pipeline = pipeline
        self.reader = reader
        self.handler = handler
        self.budget = budget
        self.observer = observer
        self.quarantine = quarantine
        maxDeliveries = 4 * pipeline.settings.maxStarts
        suspicion = Suspicion(maxStarts: pipeline.settings.maxStarts)
    }

    private var inHand: [String] { Array(held.keys) }
    private var free: Int { places.free }
    /// On a new connection the others have not renewed their entries yet.
    private var mayClaim: Bool { pipeline.isConnected && pausedUntil <= .now }

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
                try await changed.wait(upTo: Self.claimInterval)
            } else if nextClaim <= .now {
                nextClaim = .now + Self.claimInterval
                if mayClaim { await claim() }
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
            if await budget.mayOvertake() { await overtake() }
            try await sleep(for: min(untilClaim, grant.wait))
            return
        }
        let entries = await reader.read(count: grant.places.count, block: untilClaim)
        let firsts = entries.count { $0.fields?["round"] == "1" }
        accept(entries, claimed: false)
        // This runs in another task: a worker that stops would keep the places from the others for a minute.
        Loop.spawn { await budget.giveBack(Array(grant.places.dropFirst(firsts))) }
    }

    /// Takes retries past the first attempts that wait for a place. Retries need no place.
    private func overtake() async {
        do throws(PipelineError) {
            accept(try await reader.overtake(max: free, name: options.stage.stream), claimed: false)
        } catch {
            observer.failed(doing: "overtake", error: error)
        }
    }

    /// Claims entries, suspects only if there is nothing else. The lanes claim other entries side by side: only suspects must be kept apart.
    private func claim() async {
        do throws(PipelineError) {
            let found = try await claim(suspects: false)
            if found.entries.isEmpty, found.leavesSuspects { try await claimSuspects() }
        } catch {
            observer.failed(doing: "claim", error: error)
        }
    }

    private func claimSuspects() async throws(PipelineError) {
        await quarantine.wait(self, upTo: options.visibilityTimeout)
        guard mayClaim, !isStopping, free > 0, quarantine.open(for: self) else { return }
        defer { quarantine.close(for: self) }
        let entries = try await claim(suspects: true).entries
        guard let entry = entries.first, suspicion.isSuspect(deliveries: entry.deliveries) else { return }
        await examine(entries.compactMap { held[$0.id]?.work })
        // The next suspects need not wait: after two crashes in a row every entry is a suspect.
        nextClaim = .now
    }

    private func claim(suspects: Bool) async throws(PipelineError) -> (entries: [StreamEntry], leavesSuspects: Bool) {
        // Entries in hand that were not renewed in time are renewed first. Otherwise a frozen process that wakes up would claim from itself.
        if lastRenewal.elapsed > options.renewInterval { try await renewHeld() }
        let wanted = free
        let lost = held.filter { $1.task.isCancelled }.map(\.key)
        let found = try await reader.claim(
            idle: options.visibilityTimeout, max: wanted, suspicion, takesSuspects: suspects, lost: lost, inHand: inHand)
        accept(found.entries, claimed: true)
        // Where so many were found, more may wait: thousands, if their worker had them under way.
        if !suspects, found.entries.count >= wanted { nextClaim = .now }
        return found
    }

    /// Waits for the next step of each suspect and takes nothing new meanwhile, at most for the visibility time-out. A suspect without a step by then
    /// waits for something slow. It would have crashed its worker long ago.
    private func examine(_ suspects: [WorkEntry]) async { await pipeline.waitForSteps(of: suspects, within: options.visibilityTimeout) }

    private func accept(_ entries: [StreamEntry], claimed: Bool) {
        guard !entries.isEmpty else { return }
        observer.received(stream: reader.stream, count: entries.count, claimed: claimed)
        // An overtaken entry is delivered again. If this lane holds it already, nothing changes.
        for entry in entries where held[entry.id] == nil {
            let work = WorkEntry(entry, options: options, partition: reader.keys.partition)
            if suspicion.isOnLastStart(deliveries: entry.deliveries) { quarantine.hold(name(of: entry)) }
            let place = work?.place ?? Place()
            places.take()
            place.onLeave = { [weak self] in self?.hasLeft() }
            let task = Loop.spawn { await self.handle(entry, work) }
            held[entry.id] = Held(work: work, place: place, task: task)
        }
    }

    private func hasLeft() {
        places.leave()
        changed.notify()
    }

    private func handle(_ entry: StreamEntry, _ work: WorkEntry?) async {
        defer {
            if let ended = held.removeValue(forKey: entry.id) { places.end(hasLeft: ended.place.isLeft) }
            quarantine.letGo(name(of: entry))
            if let work { pipeline.noteProgress(of: work) }
            changed.notify()
        }
        await quarantine.wait(self, upTo: options.visibilityTimeout)
        guard !Task.isCancelled else { return }
        do throws(PipelineError) {
            guard let work else {
                try await reader.bury(entry, reason: "MALFORMED", name: options.stage.stream)
                return
            }
            if entry.deliveries > maxDeliveries {
                let buried = try await reader.bury(entry, reason: "POISONED", name: options.stage.stream, order: work.orderID, fails: true)
                if buried != nil { return }
            }
        } catch {
            observer.failed(doing: "bury", error: error)
            return
        }
        if let work { await handler.handle(work) }
    }

    private func name(of entry: StreamEntry) -> String { "\(reader.keys.partition) \(entry.id)" }

    // MARK: Keep

    /// Renews the entries in hand until the worker has stopped.
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
        let start = MonotonicInstant.now
        let lost = try await reader.renew(inHand).filter { held[$0] != nil }
        lastRenewal = start
        guard !lost.isEmpty else { return }
        // The lost entries are finished, or another worker has them. A step would be refused as stale or fenced either way.
        observer.lost(stream: reader.stream, count: lost.count)
        for entry in lost { held[entry]?.task.cancel() }
    }

    func connectionRestored() {
        pausedUntil = .now + Self.claimPause
        nextClaim = pausedUntil
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
        while !held.isEmpty, start.elapsed < grace { _ = try? await changed.wait(upTo: grace - start.elapsed) }
        for (_, entry) in held { entry.task.cancel() }
        await reader.release(held.values.compactMap(\.work))
        stopped.succeed(())
    }
}

extension WorkEntry {
    /// The largest size of an entry's names and values, in bytes. A newer version may add fields, but no work entry ever comes near this.
    private static let maxBytes = 4_096

    /// Reads an entry of a work stream: `id`, a UUID in lower case, and `round`, from 1. Nil for anything else.
    convenience init?(_ entry: StreamEntry, options: WorkerOptions, partition: Int) {
        guard let fields = entry.fields, fields.reduce(0, { $0 + $1.key.utf8.count + $1.value.utf8.count }) <= Self.maxBytes,
            let text = fields["id"], let id = OrderID(parsing: text), id.description == text,
            let round = fields["round"].flatMap({ Int($0) }), round >= 1
        else { return nil }
        self.init(
            stage: options.stage, partition: partition, entry: entry.id, orderID: id, round: round, consumer: options.consumer,
            deliveries: entry.deliveries, token: String(Self.tokens.wrappingAdd(1, ordering: .relaxed).newValue, radix: 36))
    }

    /// A random start and a count: the kernel is asked for a random number once, not for each delivery.
    private static let tokens = Atomic(UInt64.random(in: .min ... .max))
}
