internal import EventLoop
internal import Orders

/// The events of one partition: read, stored and acknowledged batch by batch.
@ServiceActor
final class EventLane {
    private static let claimInterval = Duration.seconds(1)
    private static let claimPause = Duration.milliseconds(1500)

    private let options: EventConsumerOptions
    private let pipeline: OrderPipeline
    private let reader: GroupReader
    private let sink: any EventSink
    private let observer: any StreamObserver
    private var inHand: [StreamEntry] = []
    private var isStopping = false
    private let stopped = Promise<Void>()
    private let idle = LoopSignal()
    private var worker: Task<Void, Never>?
    private var nextClaim = MonotonicInstant.now

    init(options: EventConsumerOptions, pipeline: OrderPipeline, reader: GroupReader, sink: any EventSink, observer: any StreamObserver) {
        self.options = options
        self.pipeline = pipeline
        self.reader = reader
        self.sink = sink
        self.observer = observer
    }

    func run() async {
        let task = Loop.spawn { await self.loop() }
        worker = task
        await task.value
    }

    private func loop() async {
        while !isStopping && !Task.isCancelled {
            if nextClaim <= .now {
                nextClaim = .now + Self.claimInterval
                // On a new connection the others have not renewed their entries yet.
                if pipeline.isConnected { await claim() }
            } else {
                await fill()
            }
            await flush()
        }
    }

    /// Waits for a first event, then a moment more for others, so that one transaction serves them all.
    private func fill() async {
        let first = await reader.read(count: options.batch, block: max(.milliseconds(10), nextClaim - .now))
        guard !first.isEmpty else { return }
        inHand = first
        if first.count < options.batch && options.wait > .zero {
            try? await sleep(for: options.wait)
            guard !Task.isCancelled else { return }
            inHand += await reader.read(count: options.batch - first.count, block: .milliseconds(1))
        }
        observer.received(stream: reader.stream, count: inHand.count, claimed: false)
    }

    private func claim() async {
        do throws(PipelineError) {
            inHand = try await reader.claim(idle: options.visibilityTimeout, max: options.batch, .none, takesSuspects: false, inHand: []).entries
            if !inHand.isEmpty { observer.received(stream: reader.stream, count: inHand.count, claimed: true) }
        } catch {
            observer.failed(doing: "claim", error: error)
        }
    }

    /// Stores the events in hand. Repeats it while Postgres is away.
    private func flush() async {
        defer { idle.notify() }
        var backoff = Backoff(first: .milliseconds(100), max: .seconds(2))
        while !inHand.isEmpty && !Task.isCancelled {
            do {
                try await storeInHand()
                inHand = []
            } catch let error as PipelineError {
                // The events are stored but not acknowledged. They come again, and storing them again changes nothing.
                observer.failed(doing: "acknowledge events", error: error)
                inHand = []
            } catch {
                try? await sleep(for: backoff.next())
            }
        }
    }

    private func storeInHand() async throws {
        let readable = inHand.compactMap { EventEntry($0) }
        let names = Set(readable.map(\.entry))
        for entry in inHand where !names.contains(entry.id) { try await reader.bury(entry, reason: "MALFORMED", name: Keys.Name.events) }
        let refused = readable.isEmpty ? [] : try await sink.store(readable)
        for (index, reason) in refused {
            let entry = inHand.first { $0.id == readable[index].entry }
            if let entry { try await reader.bury(entry, reason: reason, name: Keys.Name.events, order: readable[index].orderID) }
        }
        // A refused event is not in Postgres. Its order stays in Redis until the letter is settled.
        let missing = Set(refused.map(\.index))
        let stored = readable.indices.filter { !missing.contains($0) }.map { readable[$0] }
        try await pipeline.stored(stored.map { ($0.entry, $0.orderID.description, $0.seq) }, reader.keys)
    }

    func keep() async {
        while !stopped.isCompleted {
            await renew()
            try? await stopped.value(within: options.renewInterval)
        }
    }

    private func renew() async {
        do throws(PipelineError) {
            let lost = Set(try await reader.renew(inHand.map(\.id)))
            let gone = inHand.filter { lost.contains($0.id) }.count
            if gone > 0 { observer.lost(stream: reader.stream, count: gone) }
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
        await reader.release()
        stopped.succeed(())
    }
}
