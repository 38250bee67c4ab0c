import Configuration
import EventLoop
import Orders
import Redis
import ServiceKit
import TestSupport

@testable import NotifierService

/// A history that gives the test's answer when the test allows it.
@ServiceActor
final class FakeHistory: OrderHistory {
    var answer = HistoryAnswer.unknown
    /// While it is set, a read waits for it, and then answers what held when the read began.
    var gate: Promise<Void>?
    private(set) var reads = 0

    func read(_ id: OrderID) async -> HistoryAnswer {
        reads += 1
        let answer = self.answer
        if let gate { _ = try? await gate.value }
        return answer
    }
}

/// Runs `body` with feeds of orders on a real Pub/Sub, and with a history that the test controls.
@ServiceActor
func withOrderFeeds(
    server: RedisServer? = nil,
    _ body: @ServiceActor (TestProcess<NotifierSettings>, FakeHistory, OrderFeeds, RedisSubscriber) async throws -> Void
) async throws {
    try await withProcess(NotifierSettings.self, server: server) { test in
        let history = FakeHistory()
        let subscriber = test.process.connectSubscriber()
        let feeds = OrderFeeds(history: history, pipeline: test.pipeline, subscriber: subscriber, log: test.process.log)
        try await alongside({ await feeds.run() }) {
            try await subscriber.connected(within: .seconds(10))
            try await body(test, history, feeds, subscriber)
        }
    }
}

extension HistoryAnswer {
    /// These events, of the order of the samples.
    static func events(_ events: [OrderEvent]) -> HistoryAnswer {
        .order(OrderFold(Samples.order(id: events.first?.orderId ?? Samples.id()), events: events))
    }
}

/// Records what it is told.
@ServiceActor
final class RecordingWatcher: OrderWatcher {
    private(set) var seqs: [Int] = []
    /// Each replay: the events that came at once.
    private(set) var replays: [[Int]] = []
    private(set) var isOver = 0
    private(set) var isUnknown = 0
    private(set) var hasFailed = 0
    private let changed = LoopSignal()

    func replay(_ events: [OrderEvent]) {
        replays.append(events.map(\.seq))
        for event in events { deliver(event) }
    }

    func deliver(_ event: OrderEvent) {
        seqs.append(event.seq)
        changed.notify()
    }

    func orderIsOver() {
        isOver += 1
        changed.notify()
    }

    func orderIsUnknown() {
        isUnknown += 1
        changed.notify()
    }

    func feedFailed() {
        hasFailed += 1
        changed.notify()
    }

    /// Waits until the watcher has been told enough.
    func wait(within limit: Duration = .seconds(10), until condition: (RecordingWatcher) -> Bool) async throws {
        let start = MonotonicInstant.now
        while !condition(self) {
            guard start.elapsed < limit else { throw TestFailure("the watcher saw \(seqs), not what was expected") }
            try await changed.wait(upTo: limit - start.elapsed)
        }
    }
}

/// The life of an order that lands at its first try: seven events.
func eventsOfSuccess(_ id: OrderID) -> [OrderEvent] {
    let steps: [(EventType, OrderStatus, Int)] = [
        (.pending, .pending, 0), (.routing, .routing, 10), (.routing, .routing, 30), (.building, .building, 50), (.building, .building, 70),
        (.submitted, .submitted, 80), (.confirmed, .confirmed, 100),
    ]
    return zip(1..., steps).map { seq, step in
        var event = OrderEvent(
            orderId: id, seq: seq, type: step.0, status: step.1, progress: step.2, timestamp: "2026-01-10T07:30:17.789Z", message: "m\(seq)",
            attempt: 1, maxAttempts: 3)
        if step.1 == .submitted || step.1 == .confirmed { event.txHash = "sig1" }
        return event
    }
}
