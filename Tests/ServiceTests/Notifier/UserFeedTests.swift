import Configuration
import EventLoop
import Orders
import Redis
import ServiceKit
import TestOrders
import TestSupport
import Testing

@testable import NotifierService
@testable import Pipeline

/// A directory that gives the test's answer when the test allows it.
@ServiceActor
final class FakeDirectory: UserDirectory {
    var orders: [UserOrder]? = []
    /// While it is set, a read waits for it, and then answers what held when the read began.
    var gate: Promise<Void>?
    var reads: Int { beginnings.count }
    /// For each read: the time from which it wanted orders.
    private(set) var beginnings: [UInt64] = []

    func orders(of user: UserID, placedFrom since: UInt64) async throws(PipelineError) -> [UserOrder] {
        beginnings.append(since)
        let orders = self.orders
        if let gate { _ = try? await gate.value }
        guard let orders else { throw PipelineError(.unavailable, "away") }
        return orders.filter { $0.placed >= since }
    }
}

/// Records what it is told.
@ServiceActor
final class RecordingUserWatcher: UserWatcher {
    private(set) var told: [OrderID] = []
    private(set) var known: [Int] = []
    private(set) var hasFailed = 0

    func userIsKnown(orders: Int) { known.append(orders) }
    func orderAppeared(_ id: OrderID) { told.append(id) }
    func userFeedFailed() { hasFailed += 1 }
}

/// Tests feeds on a real Pub/Sub, with lists that the test controls.
@Suite(.onLoop) @ServiceActor
struct UserFeedTests {
    @ServiceActor
    struct Bench {
        let test: TestProcess<NotifierSettings>
        let directory: FakeDirectory
        let feeds: UserFeeds
        let subscriber: RedisSubscriber
        let user: UserID = "u-\(Samples.id())"

        func follow(since: UInt64? = nil) -> RecordingUserWatcher {
            let watcher = RecordingUserWatcher()
            feeds.follow(user, since: since, watcher)
            return watcher
        }

        /// Follows the user, and waits for the first read.
        func following(since: UInt64? = nil) async throws -> RecordingUserWatcher {
            let watcher = follow(since: since)
            try await eventually(within: .seconds(8)) { watcher.known.count == 1 }
            return watcher
        }

        func publish(_ id: OrderID, _ seq: Int = 1) async throws {
            _ = try await test.redis.send(["PUBLISH", Keys.updates(user: user), eventsOfSuccess(id)[seq - 1].json])
        }

        func listeners() async throws -> Int64? { try await test.redis.send(["PUBSUB", "NUMSUB", Keys.updates(user: user)]).array?.last?.integer }

        /// Returns when the subscriber has handled what was published before.
        func settle() async throws {
            _ = try await test.redis.send(["PUBLISH", "x", ""])
            _ = try await subscriber.subscribe("after-\(Samples.id())") { _ in }
        }
    }

    private let ids = (1...5).map { OrderID.numbered($0) }

    private func withFeeds(server: RedisServer? = nil, _ body: @ServiceActor (Bench) async throws -> Void) async throws {
        try await withProcess(NotifierSettings.self, server: server) { test in
            let directory = FakeDirectory()
            let subscriber = test.process.connectSubscriber()
            let feeds = UserFeeds(directory: directory, pipeline: test.pipeline, subscriber: subscriber, log: test.process.log)
            try await alongside({ await feeds.run() }) {
                try await subscriber.connected(within: .seconds(10))
                try await body(Bench(test: test, directory: directory, feeds: feeds, subscriber: subscriber))
            }
        }
    }

    @Test func `orders under way are told when the list is read, each new one by its first event, and each once`() async throws {
        try await withFeeds { bench in
            bench.directory.orders = [UserOrder(id: ids[0]), UserOrder(id: ids[1], ended: 5), UserOrder(id: ids[2])]
            let watcher = try await bench.following()
            #expect(watcher.told == [ids[0], ids[2]] && watcher.known == [2])
            for id in [ids[3], ids[0], ids[1], ids[3], ids[4]] { try await bench.publish(id) }
            try await eventually { watcher.told.last == ids[4] }
            #expect(watcher.told == [ids[0], ids[2], ids[3], ids[4]])
        }
    }

    @Test func `when partitions are added, who is followed is subscribed there too, and read again`() async throws {
        try await withProcess(NotifierSettings.self) { test in
            let subscriber = test.process.connectSubscriber()
            let (first, second) = ("updates:1-\(Samples.id())", "updates:2-\(Samples.id())")
            var channels = [first]
            var orders: [UserOrder] = []
            var reads = 0
            let source = FeedSource<UserFeed>(
                channels: { _ in channels },
                read: { _, _ in
                    reads += 1
                    return orders
                }, hasNews: { _, _ in false }, batch: 5)
            let feeds = UserFeeds(source: source, subscriber: subscriber, log: test.process.log)
            try await alongside({ await feeds.run() }) {
                try await subscriber.connected(within: .seconds(10))
                let watcher = RecordingUserWatcher()
                feeds.follow("u", since: nil, watcher)
                try await eventually { watcher.known == [0] }
                await feeds.partitionsChanged()
                #expect(reads == 1)
                (channels, orders) = ([first, second], [UserOrder(id: ids[0])])
                await feeds.partitionsChanged()
                #expect(reads == 2 && watcher.told == [ids[0]])
                for (channel, id) in [(first, ids[1]), (second, ids[2])] {
                    #expect(try await test.redis.send(["PUBLISH", channel, eventsOfSuccess(id)[0].json]) == .integer(1))
                }
                try await eventually { watcher.told == [ids[0], ids[1], ids[2]] }
                feeds.unfollow("u", watcher)
                for channel in channels { try await eventually { try await test.redis.send(["PUBLISH", channel, "x"]) == .integer(0) } }
            }
        }
    }

    @Test func `the list is read only when Redis has confirmed the subscription, and what rings meanwhile is told once`() async throws {
        try await withFeeds { bench in
            bench.directory.orders = [UserOrder(id: ids[0]), UserOrder(id: ids[1])]
            let gate = Promise<Void>()
            bench.directory.gate = gate
            let watcher = bench.follow()
            try await eventually { bench.directory.reads == 1 }
            #expect(try await bench.listeners() == 1)
            try await bench.publish(ids[1])
            try await bench.publish(ids[2])
            try await eventually { watcher.told.count == 2 }
            gate.succeed(())
            try await eventually { watcher.known.count == 1 }
            #expect(watcher.told == [ids[1], ids[2], ids[0]] && watcher.known == [1])
        }
    }

    @Test(arguments: [(nil, [0]), (1000, [0, 1, 2]), (1001, [0, 2]), (2001, [0])] as [(UInt64?, [Int])])
    func `who names a time is told of orders that ended since`(_ since: UInt64?, _ told: [Int]) async throws {
        try await withFeeds { bench in
            bench.directory.orders = [UserOrder(id: ids[0]), UserOrder(id: ids[1], ended: 1000), UserOrder(id: ids[2], ended: 2000)]
            let watcher = try await bench.following(since: since)
            #expect(watcher.told == told.map { ids[$0] })
        }
    }

    @Test func `who comes later is told what is under way then, whatever others were told; all share one subscription`() async throws {
        try await withFeeds { bench in
            bench.directory.orders = [UserOrder(id: ids[0])]
            let first = try await bench.following()
            try await bench.publish(ids[1])
            try await eventually { first.told == [ids[0], ids[1]] }
            bench.directory.orders = [UserOrder(id: ids[0], ended: 3), UserOrder(id: ids[1])]
            let second = try await bench.following()
            #expect(second.told == [ids[1]])
            #expect(first.told == [ids[0], ids[1]] && first.known == [1])
            #expect(try await bench.listeners() == 1)
            bench.feeds.unfollow(bench.user, first)
            try await bench.publish(ids[2])
            try await eventually { second.told == [ids[1], ids[2]] }
            #expect(first.told == [ids[0], ids[1]])
            bench.feeds.unfollow(bench.user, second)
            #expect(bench.feeds.count == 0)
            try await eventually { try await bench.listeners() == 0 }
        }
    }

    @Test func `after a reconnect orders whose bell was not heard are told, also those that have ended meanwhile`() async throws {
        let server = try await RedisServer.start(appendonly: false)
        try await withFeeds(server: server) { bench in
            bench.directory.orders = [UserOrder(id: ids[0]), UserOrder(id: ids[1], ended: 1)]
            let watcher = try await bench.following()
            bench.directory.orders = [UserOrder(id: ids[0]), UserOrder(id: ids[1], ended: 1), UserOrder(id: ids[2], ended: 2), UserOrder(id: ids[3])]
            _ = try await bench.test.redis.send(["CLIENT", "KILL", "TYPE", "pubsub"])
            try await eventually { watcher.told == [ids[0], ids[2], ids[3]] }
            try await bench.publish(ids[4])
            try await eventually { watcher.told.last == ids[4] }
            #expect(watcher.known == [1])
        }
        try await server.stop()
    }

    @Test func `a list is read from shortly before the newest order seen on, as a whole only for who comes new`() async throws {
        let server = try await RedisServer.start(appendonly: false)
        try await withFeeds(server: server) { bench in
            let before = [UserOrder(id: ids[0], placed: 1_000_000), UserOrder(id: ids[1], placed: 1_200_000)]
            bench.directory.orders = before
            let watcher = try await bench.following()
            bench.directory.orders = before + [UserOrder(id: ids[2], placed: 1_150_000)]
            _ = try await bench.test.redis.send(["CLIENT", "KILL", "TYPE", "pubsub"])
            try await eventually { watcher.told == [ids[0], ids[1], ids[2]] }
            #expect(bench.directory.beginnings.first == 0 && bench.directory.beginnings.dropFirst().allSatisfy { $0 == 1_140_000 })
            let second = try await bench.following()
            #expect(bench.directory.beginnings.last == 0 && second.told == watcher.told)
        }
        try await server.stop()
    }

    @Test func `a list that cannot be read is read again until it can`() async throws {
        try await withFeeds { bench in
            bench.directory.orders = nil
            let watcher = bench.follow()
            try await eventually { bench.directory.reads >= 3 }
            try await bench.publish(ids[1])
            try await eventually { watcher.told == [ids[1]] }
            bench.directory.orders = [UserOrder(id: ids[0]), UserOrder(id: ids[1])]
            try await eventually { watcher.told == [ids[1], ids[0]] }
            #expect(watcher.hasFailed == 0)
        }
    }

    @Test func `what is no event on the channel is passed over, and a watcher that leaves at once leaves nothing behind`() async throws {
        try await withFeeds { bench in
            let watcher = try await bench.following()
            for text in ["", "{}", #"{"orderId":"x"}"#, #"{"orderId":""#] {
                _ = try await bench.test.redis.send(["PUBLISH", Keys.updates(user: bench.user), text])
            }
            try await bench.publish(ids[0])
            try await eventually { watcher.told == [ids[0]] }
            bench.feeds.unfollow(bench.user, watcher)
            for _ in 0..<3 { bench.feeds.unfollow(bench.user, bench.follow()) }
            try await bench.settle()
            try await eventually { try await bench.listeners() == 0 }
            #expect(bench.feeds.count == 0)
        }
    }
}
