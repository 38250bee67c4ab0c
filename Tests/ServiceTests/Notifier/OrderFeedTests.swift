import Configuration
import EventLoop
import Orders
import Redis
import TestSupport
import Testing

@testable import NotifierService
@testable import Pipeline

/// Tests feeds on a real Pub/Sub, with a history that the test controls.
@Suite(.onLoop) @ServiceActor
struct OrderFeedTests {
    /// The tools of a test of feeds.
    @ServiceActor
    struct Bench {
        let test: TestProcess<NotifierSettings>
        let history: FakeHistory
        let feeds: OrderFeeds
        let subscriber: RedisSubscriber
        let id = Samples.id()
        var all: [OrderEvent] { eventsOfSuccess(id) }

        func publish(_ seqs: Int...) async throws {
            for seq in seqs { _ = try await test.redis.send(["PUBLISH", Keys.updates(id), all[seq - 1].json]) }
        }

        /// Gives the history the first events.
        func know(_ count: Int) { history.answer = .events(Array(all.prefix(count))) }

        func watch(after: Int = 0) -> RecordingWatcher {
            let watcher = RecordingWatcher()
            feeds.watch(id, after: Seq(clamping: after), watcher)
            return watcher
        }

        /// The number of clients that listen to the order, as Redis knows it.
        func listeners() async throws -> Int64? { try await test.redis.send(["PUBSUB", "NUMSUB", Keys.updates(id)]).array?.last?.integer }
    }

    func withFeeds(server: RedisServer? = nil, _ body: @ServiceActor (Bench) async throws -> Void) async throws {
        try await withOrderFeeds(server: server) { try await body(Bench(test: $0, history: $1, feeds: $2, subscriber: $3)) }
    }

    @Test func `the history is read only when Redis has confirmed the subscription`() async throws {
        try await withFeeds { bench in
            bench.know(1)
            bench.history.gate = Promise()
            let watcher = bench.watch()
            try await eventually { bench.history.reads == 1 }
            #expect(try await bench.listeners() == 1)

            // This event is published after the read began: it is not in the answer, and it is not lost.
            bench.know(2)
            try await bench.publish(2)
            bench.history.gate?.succeed(())
            try await watcher.wait { $0.seqs == [1, 2] }
        }
    }

    @Test func `a gap is filled from the history before anything later is delivered`() async throws {
        try await withFeeds { bench in
            bench.know(2)
            let watcher = bench.watch()
            try await watcher.wait { $0.seqs == [1, 2] }
            bench.know(5)
            try await bench.publish(5)
            try await watcher.wait { $0.seqs == [1, 2, 3, 4, 5] }
            #expect(bench.history.reads == 2)
        }
    }

    @Test func `what comes during a slow read waits for a read that has it`() async throws {
        try await withFeeds { bench in
            bench.know(1)
            let watcher = bench.watch()
            try await watcher.wait { $0.seqs == [1] }
            bench.know(3)
            let gate = Promise<Void>()
            bench.history.gate = gate
            try await bench.publish(3)
            try await eventually { bench.history.reads == 2 }
            bench.know(4)
            try await bench.publish(4)
            // The publication comes over another connection. It has arrived when a later one has.
            _ = try await bench.subscriber.subscribe("after-\(bench.id)") { _ in }
            #expect(watcher.seqs == [1])
            bench.history.gate = nil
            gate.succeed(())
            try await watcher.wait { $0.seqs == [1, 2, 3, 4] }
        }
    }

    @Test func `events that are published again are delivered once`() async throws {
        try await withFeeds { bench in
            bench.know(2)
            let watcher = bench.watch()
            try await watcher.wait { $0.seqs == [1, 2] }
            try await bench.publish(1, 2, 3, 3, 2, 1, 4)
            try await watcher.wait { $0.seqs.last == 4 }
            #expect(watcher.seqs == [1, 2, 3, 4])
            #expect(bench.history.reads == 1)
        }
    }

    @Test func `each watcher gets what it has not seen, and all share one subscription`() async throws {
        try await withFeeds { bench in
            bench.know(4)
            let all = bench.watch()
            let rest = bench.watch(after: 2)
            let ahead = bench.watch(after: 5)
            try await all.wait { $0.seqs == [1, 2, 3, 4] }
            #expect(rest.seqs == [3, 4])
            try await bench.publish(5, 6)
            try await all.wait { $0.seqs == [1, 2, 3, 4, 5, 6] }
            #expect(rest.seqs == [3, 4, 5, 6])
            #expect(ahead.seqs == [6])
            #expect(try await bench.listeners() == 1)
            let late = bench.watch(after: 4)
            #expect(late.seqs == [5, 6])
            #expect(bench.history.reads == 1)
        }
    }

    @Test(arguments: [0, 6, 7, 9])
    func `after the final event each watcher is told once that the order is over`(after: Int) async throws {
        try await withFeeds { bench in
            bench.know(7)
            let watcher = bench.watch(after: after)
            try await watcher.wait { $0.isOver > 0 }
            #expect(watcher.seqs == Array((1...7).dropFirst(after)))
            #expect(watcher.isOver == 1)
        }
    }

    @Test func `the first that a watcher is given is all it has not seen, at once, and everything later one by one`() async throws {
        try await withFeeds { bench in
            bench.know(3)
            let first = bench.watch()
            try await first.wait { $0.seqs == [1, 2, 3] }
            let late = bench.watch(after: 1)
            let ahead = bench.watch(after: 3)
            #expect(late.seqs == [2, 3] && ahead.seqs == [])
            bench.know(6)
            try await bench.publish(4, 6)
            try await late.wait { $0.seqs == [2, 3, 4, 5, 6] }
            #expect(first.replays == [[1, 2, 3]] && late.replays == [[2, 3]] && ahead.replays == [[4]])
            #expect(ahead.seqs == [4, 5, 6])
        }
    }

    @Test func `nothing is delivered to a watcher that was removed, and the feed goes with the last one`() async throws {
        try await withFeeds { bench in
            bench.know(1)
            let (first, second) = (bench.watch(), bench.watch())
            try await second.wait { $0.seqs == [1] }
            bench.feeds.unwatch(bench.id, first)
            try await bench.publish(2)
            try await second.wait { $0.seqs == [1, 2] }
            #expect(first.seqs == [1])
            bench.feeds.unwatch(bench.id, second)
            #expect(bench.feeds.count == 0)
            try await eventually { try await bench.listeners() == 0 }
        }
    }

    @Test func `a watcher that leaves before the subscription is confirmed leaves no subscription behind`() async throws {
        try await withFeeds { bench in
            bench.know(1)
            for _ in 0..<3 { bench.feeds.unwatch(bench.id, bench.watch()) }
            #expect(bench.feeds.count == 0)
            // This comes after the SUBSCRIBEs on the same connection.
            _ = try await bench.subscriber.subscribe("after-\(bench.id)") { _ in }
            try await eventually { try await bench.listeners() == 0 }
        }
    }

    @Test func `a socket may be ahead of its order; after two seconds the order is unknown, and the next watcher starts anew`() async throws {
        try await withFeeds { bench in
            let start = MonotonicInstant.now
            let patient = bench.watch()
            try await patient.wait { $0.isUnknown == 1 }
            #expect(start.elapsed > .milliseconds(1900) && start.elapsed < .seconds(4))
            #expect(bench.feeds.count == 0)

            let early = bench.watch()
            try await eventually { bench.history.reads >= 3 }
            bench.know(1)
            try await bench.publish(1)
            try await early.wait { $0.seqs == [1] }
            #expect(early.isUnknown == 0)
            #expect(patient.seqs == [])
        }
    }

    @Test func `an order of which nothing can be read fails the feed, never says unknown, and the next watcher starts anew`() async throws {
        try await withFeeds { bench in
            bench.history.answer = .unavailable
            let first = bench.watch()
            try await first.wait { $0.hasFailed == 1 }
            #expect(bench.feeds.count == 0)
            // The first socket is not closed yet when its client is back.
            bench.know(2)
            let second = bench.watch()
            try await second.wait { $0.seqs == [1, 2] }
            bench.feeds.unwatch(bench.id, first)
            try await bench.publish(3)
            try await second.wait { $0.seqs == [1, 2, 3] }
            #expect(first.seqs == [] && first.isUnknown == 0 && first.hasFailed == 1)
        }
    }

    @Test func `a feed that has shown events waits for its history to come back instead of sending its watchers away`() async throws {
        try await withFeeds { bench in
            bench.know(2)
            let watcher = bench.watch()
            try await watcher.wait { $0.seqs == [1, 2] }
            bench.history.answer = .unavailable
            try await bench.publish(4)
            try await eventually { bench.history.reads >= 3 }
            bench.know(4)
            try await watcher.wait { $0.seqs == [1, 2, 3, 4] }
            #expect(watcher.hasFailed == 0)
        }
    }

    @Test func `without a connection for Pub/Sub a watch fails at once`() async throws {
        try await withFeeds { bench in
            bench.subscriber.close()
            bench.know(1)
            let watcher = bench.watch()
            try await watcher.wait { $0.hasFailed == 1 }
            #expect(watcher.seqs == [] && bench.feeds.count == 0 && bench.history.reads == 0)
        }
    }

    @Test func `after a reconnect every order that is not final is read again, and goes on live`() async throws {
        let server = try await RedisServer.start(appendonly: false)
        try await withFeeds(server: server) { bench in
            bench.know(2)
            let watcher = bench.watch()
            try await watcher.wait { $0.seqs == [1, 2] }
            // Nothing tells the feed of the third event.
            bench.know(3)
            _ = try await bench.test.redis.send(["CLIENT", "KILL", "TYPE", "pubsub"])
            try await watcher.wait { $0.seqs == [1, 2, 3] }
            try await bench.publish(4)
            try await watcher.wait { $0.seqs == [1, 2, 3, 4] }
        }
        try await server.stop()
    }
}
