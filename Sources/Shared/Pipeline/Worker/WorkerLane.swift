internal import EventLoop

/// A worker's lane of one partition. It fills its places with entries, claimed ones before new ones, and renews the entries that it holds, also those
/// that have left their places.
@ServiceActor
final class WorkerLane: Lane {
    private struct Held {
        let work: WorkEntry?
        let place: Place
        let task: Task<Void, Never>
    }

    /// How long the lane waits at most for the places to change.
    private static let placesInterval = Duration.seconds(1)
    /// After a reconnect the idle time of every entry has run on. Its owner must be able to renew it before another worker claims it.
    private static let claimPause = Duration.milliseconds(1500)

    private let options: WorkerOptions
    private let places: SharedPlaces
    private let part: SharedPlaces.Part
    private let pipeline: OrderPipeline
    private let reader: GroupReader
    private let handler: any OrderHandler
    private let budget: AttemptBudget?
    private let observer: any StreamObserver
    private let maxDeliveries: Int
    private let suspicion: Suspicion
    private let quarantine: Quarantine
    private var held: [String: Held] = [:]
    private let stopped = Promise<Void>()
    private var isStopping = false
    private var supplier: Task<Void, any Error>?
    private var nextClaim = MonotonicInstant.now
    private var pausedUntil = MonotonicInstant.now
    /// When the last renewal of all entries in hand began that succeeded.
    private var lastRenewal = MonotonicInstant.now

    init(
        options: WorkerOptions, places: SharedPlaces, pipeline: OrderPipeline, reader: GroupReader, handler: any OrderHandler, budget: AttemptBudget?,
        observer: any StreamObserver, quarantine: Quarantine
    ) {
        self.options = options
        self.places = places
        part = places.join()
        self.pipeline = pipeline
        self.reader = reader
        self.handler = handler
        self.budget = budget
        self.observer = observer
        self.quarantine = quarantine
        maxDeliveries = 4 * pipeline.settings.maxStarts
        suspicion = Suspicion(maxStarts: pipeline.settings.maxStarts)
    }

    var isWanted = true { didSet { if isWanted != oldValue { places.count(part, reads: isWanted) } } }
    /// The entries that the lane holds.
    var inHand: [String] { Array(held.keys) }
    /// On a new connection the others have not renewed their entries yet.
    private var mayClaim: Bool { pipeline.isConnected && pausedUntil <= .now }

    // MARK: Supply

    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.supply() }
            group.addTask { await self.keep() }
        }
        if isWanted { places.count(part, reads: false) }
    }

    /// Fills free places until the worker stops, or the lane is given up and has nothing in hand.
    private func supply() async {
        repeat {
            let task = Loop.spawn { try await self.supplyLoop() }
            supplier = task
            _ = await task.result
        } while isWanted && !isStopping
        guard !isStopping else { return }
        reader.close()
        stopped.succeed(())
    }

    private func supplyLoop() async throws {
        while !isStopping {
            if !isWanted {
                if held.isEmpty { return }
                try await places.changed.wait(upTo: Self.placesInterval)
            } else if nextClaim <= .now {
                nextClaim = ClaimTime.next()
                if mayClaim { try await claim() }
            } else {
                try await read()
            }
        }
    }

    private func read() async throws {
        let isEager = part.isEager
        let wanted = isEager ? places.mayTake(part) : places.mayAwait(part)
        guard wanted > 0 else {
            try await places.changed.wait(upTo: Self.placesInterval)
            return
        }
        let untilClaim = max(.milliseconds(10), nextClaim - .now)
        guard let budget else {
            _ = await read(wanted, block: untilClaim, isEager)
            return
        }
        let grant = await budget.take(wanted)
        guard !grant.places.isEmpty else {
            if await budget.mayOvertake() { await overtake(wanted) }
            try await sleep(for: min(untilClaim, grant.wait))
            return
        }
        let firsts = await read(grant.places.count, block: untilClaim, isEager)
        // This runs in another task: a worker that stops would keep the places from the others for a minute.
        Loop.spawn { await budget.giveBack(Array(grant.places.dropFirst(firsts))) }
    }

    /// Reads and accepts new entries. An eager lane keeps places for them, and so it does not wait for them. Returns how many are first attempts.
    private func read(_ count: Int, block: Duration, _ isEager: Bool) async -> Int {
        if isEager { places.keep(count, for: part) }
        let entries = await reader.read(count: count, block: isEager ? .milliseconds(1) : block)
        if isEager { places.letGo(count) }
        places.setEager(part, isWanted && entries.count >= count)
        accept(entries, claimed: false)
        return budget == nil ? 0 : entries.count { $0.fields?["round"] == "1" }
    }

    /// Takes retries past the first attempts that wait for a place. Retries need no place.
    private func overtake(_ wanted: Int) async {
        do throws(PipelineError) {
            accept(try await reader.overtake(max: wanted, name: options.stage.stream), claimed: false)
        } catch {
            observer.failed(doing: "overtake", error: error)
        }
    }

    /// Claims entries, suspects only if there is nothing else. The lanes claim other entries side by side: only suspects must be kept apart.
    private func claim() async throws {
        do throws(PipelineError) {
            guard try await pipeline.hasAbandoned(reader.stream, reader.group, after: options.visibilityTimeout), isWanted else { return }
            // The others leave this lane its share.
            places.setEager(part, true)
            if places.mayTake(part) > 0 {
                let found = try await claim(suspects: false)
                if found.entries.isEmpty, found.leavesSuspects { try await claimSuspects() }
                return
            }
        } catch {
            observer.failed(doing: "claim", error: error)
            return
        }
        nextClaim = .now
        try await places.changed.wait(upTo: Self.placesInterval)
    }

    private func claimSuspects() async throws(PipelineError) {
        await quarantine.wait(self, upTo: options.visibilityTimeout)
        guard mayClaim, !isStopping, isWanted, places.mayTake(part) > 0, quarantine.open(for: self) else { return }
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
        let wanted = places.mayTake(part)
        guard wanted > 0 else { return ([], false) }
        let found = try await claim(wanted, suspects)
        accept(found.entries, claimed: true)
        // Where so many were found, more may wait: thousands, if their worker had them under way.
        if !suspects, found.entries.count >= wanted { nextClaim = .now }
        return found
    }

    private func claim(_ wanted: Int, _ suspects: Bool) async throws(PipelineError) -> (entries: [StreamEntry], leavesSuspects: Bool) {
        places.keep(wanted, for: part)
        defer { places.letGo(wanted) }
        let lost = held.filter { $1.task.isCancelled }.map(\.key)
        return try await reader.claim(
            idle: options.visibilityTimeout, max: wanted, suspicion, takesSuspects: suspects, lost: lost, inHand: inHand)
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
            let hasPlace = places.take(part)
            place.onLeave = { [places, part] in places.leave(part) }
            let task = Loop.spawn { await self.handle(entry, work, hasPlace: hasPlace) }
            held[entry.id] = Held(work: work, place: place, task: task)
        }
    }

    private func handle(_ entry: StreamEntry, _ work: WorkEntry?, hasPlace: Bool) async {
        var hasPlace = hasPlace
        defer {
            if let ended = held.removeValue(forKey: entry.id), hasPlace { places.end(part, hasLeft: ended.place.isLeft) }
            quarantine.letGo(name(of: entry))
            if let work { pipeline.noteProgress(of: work) }
            places.changed.notify()
        }
        if !hasPlace { hasPlace = await places.wait(part) }
        await quarantine.wait(self, upTo: options.visibilityTimeout)
        guard hasPlace, !Task.isCancelled else { return }
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
    private func keep() async {
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
        let (lost, over) = try await reader.renew(inHand)
        lastRenewal = start
        // A step would be refused as fenced or stale.
        for entry in lost + over { held[entry]?.task.cancel() }
        if !lost.isEmpty { observer.lost(stream: reader.stream, count: lost.count) }
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
        places.changed.notify()
        let start = MonotonicInstant.now
        while !held.isEmpty, start.elapsed < grace { _ = try? await places.changed.wait(upTo: grace - start.elapsed) }
        for (_, entry) in held { entry.task.cancel() }
        await reader.release(held.values.compactMap(\.work))
        stopped.succeed(())
    }
}
