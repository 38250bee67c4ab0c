import EventLoop
import Orders
import Redis
import TestSupport
import Testing

@testable import NotifierService
@testable import Pipeline

/// A watcher that records what it is told when Redis has lost what was shown before.
@ServiceActor
private final class RewindingWatcher: OrderWatcher {
    private(set) var heard: [String] = []

    func deliver(_ event: OrderEvent) { heard.append(event.attempt == 2 ? "\(event.seq)'" : "\(event.seq)") }
    func orderIsOver() { heard.append("over") }
    func orderIsUnknown() { heard.append("unknown") }
    func feedFailed() { heard.append("failed") }
    func orderIsKnown(_ order: Order, seq: Int) { heard.append("known \(seq)") }

    func orderIsBehind(seq: Int) -> Bool {
        heard.append("behind \(seq)")
        return true
    }
}

@Suite(.onLoop) @ServiceActor
struct RollbackTests {
    private typealias Bench = OrderFeedTests.Bench

    private func watch(_ bench: Bench, after: Int = 0) -> RewindingWatcher {
        let watcher = RewindingWatcher()
        bench.feeds.watch(bench.id, after: Seq(clamping: after), watcher)
        return watcher
    }

    /// The events, with different ones from `seq` on.
    private func retold(_ bench: Bench, from seq: Int, count: Int) -> [OrderEvent] {
        bench.all.prefix(count).map { event in
            var event = event
            if event.seq >= seq {
                event.timestamp = "2026-01-10T07:31:00.000Z"
                event.attempt = 2
            }
            return event
        }
    }

    @Test(arguments: [(7, ["known 7", "over"]), (8, ["known 7", "behind 7"])])
    func `a client may be ahead of a live order, and waits; of one that is over it may not`(_ after: Int, _ end: [String]) async throws {
        try await OrderFeedTests().withFeeds { bench in
            bench.know(3)
            let watcher = watch(bench, after: after)
            try await eventually { watcher.heard == ["known 3"] }
            bench.know(7)
            try await bench.publish(7)
            let rest = after == 7 ? ["over"] : ["behind 7", "1", "2", "3", "4", "5", "6", "7", "over"]
            try await eventually { watcher.heard == ["known 3"] + rest }
            let late = watch(bench, after: after)
            #expect(late.heard == end + (after == 7 ? [] : ["1", "2", "3", "4", "5", "6", "7", "over"]))
        }
    }

    @Test(arguments: [3, 5, 6])
    func `an order that has lost events is told anew after a reconnect, and so is one whose events are others now`(count: Int) async throws {
        let server = try await RedisServer.start(appendonly: false)
        try await OrderFeedTests().withFeeds(server: server) { bench in
            bench.know(5)
            let watcher = watch(bench)
            try await eventually { watcher.heard.last == "5" }
            bench.history.answer = .events(retold(bench, from: 4, count: count))
            _ = try await bench.test.redis.send(["CLIENT", "KILL", "TYPE", "pubsub"])
            let again = ["1", "2", "3", "4'", "5'", "6'"].prefix(count)
            try await eventually { watcher.heard == ["known 5", "1", "2", "3", "4", "5", "behind \(count)"] + again }
        }
        try await server.stop()
    }

    @Test func `a read that began before the newest event came is no rollback`() async throws {
        try await OrderFeedTests().withFeeds { bench in
            bench.know(1)
            let watcher = watch(bench)
            try await eventually { watcher.heard.last == "1" }
            bench.know(1)
            let gate = Promise<Void>()
            bench.history.gate = gate
            try await bench.publish(3)
            try await eventually { bench.history.reads == 2 }
            try await bench.publish(2)
            try await bench.publish(3)
            try await eventually { watcher.heard.last == "3" }
            bench.know(5)
            bench.history.gate = nil
            try await bench.publish(5)
            gate.succeed(())
            try await eventually { watcher.heard.last == "5" }
            #expect(watcher.heard == ["known 1", "1", "2", "3", "4", "5"])
        }
    }

    @Test func `an order that is gone for good ends its feed`() async throws {
        let server = try await RedisServer.start(appendonly: false)
        try await OrderFeedTests().withFeeds(server: server) { bench in
            bench.know(2)
            let watcher = watch(bench)
            try await eventually { watcher.heard.last == "2" }
            bench.history.answer = .unknown
            _ = try await bench.test.redis.send(["CLIENT", "KILL", "TYPE", "pubsub"])
            try await eventually { watcher.heard.last == "unknown" }
            #expect(bench.feeds.count == 0)
        }
        try await server.stop()
    }

    @Test func `watchers that do not want the whole story again go on with what is new`() async throws {
        try await OrderFeedTests().withFeeds { bench in
            bench.know(7)
            let watcher = bench.watch(after: 9)
            try await watcher.wait { $0.isOver == 1 }
            #expect(watcher.seqs == [])
        }
    }
}
