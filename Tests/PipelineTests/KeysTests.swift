import Configuration
import EventLoop
import Orders
import Redis
import TestOrders
import Testing

@testable import PaperMarket
@testable import Pipeline

struct KeysTests {
    @Test func `all keys of a partition share its hash tag`() {
        let keys = Keys(partition: 3)
        let id = Samples.id(partition: 3)
        let names = [
            keys.accepted, keys.routed, keys.events, keys.dead, keys.retries, keys.deadlines, keys.leaving, keys.order(id), keys.user("u"),
            keys.idempotency(IdempotencyScope(user: "u"), key: "k"), keys.landed, keys.due, keys.expiring, keys.transaction("s"),
        ]
        #expect(names.allSatisfy { $0.contains(":{3}:") })
        #expect(Set(names).count == names.count)
        #expect(keys.accepted == "orders:{3}:accepted")
        #expect(keys.order(id) == "orders:{3}:o:\(id)")
    }

    @Test func `in a cluster a channel has the hash tag of its partition, whatever the user is called`() {
        let id = Samples.id(partition: 3)
        #expect(Keys.shardedUpdates(id) == "updates:{3}:\(id)")
        #expect(Keys(partition: 3).shardedUpdates(user: "{7}:x") == "updates:{3}:user:{7}:x")
        #expect(Keys.updates(id) == "updates:\(id)" && Keys.updates(user: "u") == "updates:user:u")
    }

    @Test(arguments: [("redis://x", ["updates:user:u"]), ("redis+cluster://x", ["updates:{0}:user:u", "updates:{1}:user:u"])]) @ServiceActor
    func `a user is told of on one channel, in a cluster on one for each partition`(url: String, channels: [String]) throws {
        let redis = RedisClient(url: try #require(RedisURL(url)), name: "test")
        let pipeline = OrderPipeline(redis: redis, settings: PipelineSettings(partitions: 2))
        #expect(pipeline.channels(of: "u") == channels)
        let id = Samples.id(partition: 1)
        #expect(pipeline.channel(of: id) == (redis.isCluster ? "updates:{1}:\(id)" : "updates:\(id)"))
    }

    @Test func `scripts publish to the slot of their keys in a cluster, and are told apart by their digests`() {
        let others = Scripts.all.filter { $0.onCluster.sha != $0.sha }
        #expect(Set(others.map(\.name)).isSuperset(of: ["accept", "accept_many", "begin_many", "advance_many", "step", "cancel", "sweep", "bury"]))
        #expect(others.allSatisfy { $0.onCluster.source.contains(#"local PUBLISH = "SPUBLISH""#) })
        #expect(Scripts.all.allSatisfy { !$0.source.contains("SPUBLISH") })
    }

    @Test func `no two pairs of user and key share a record`() {
        let keys = Keys(partition: 0)
        let pairs = [("a", "b:c"), ("a:b", "c"), ("a%3Ab", "c"), ("", "a:b:c"), ("a", ":c")]
        #expect(Set(pairs.map { keys.idempotency(IdempotencyScope(user: UserID(stored: $0.0)), key: $0.1) }).count == pairs.count)
    }

    @Test func `a stage reads its own stream in its own group`() {
        let keys = Keys(partition: 0)
        #expect(keys.source(of: .router) == keys.accepted)
        #expect(keys.source(of: .executor) == keys.routed)
        #expect(Stage.allCases.map(\.group) == ["router", "executor"])
    }

    // MARK: Entries

    private static let id = Samples.id().description

    private func work(_ fields: [RedisValue]) -> WorkEntry? {
        StreamEntry(id: .string("1-0"), fields: .array(fields), deliveries: 1)
            .flatMap { WorkEntry($0, options: .of(.router, "a"), partition: 0) }
    }

    @Test func `an entry of id and round is read`() throws {
        let entry = try #require(work([.string("id"), .string(Self.id), .string("round"), .string("2")]))
        #expect(entry.orderID.description == Self.id)
        #expect(entry.round == 2)
        #expect(entry.entry == "1-0")
    }

    @Test(arguments: [
        [], ["id", id], ["id", id, "round", "0"], ["id", id, "round", "one"], ["id", "no-uuid", "round", "1"],
        ["id", id.uppercased(), "round", "1"], ["id", id, "id", id, "round", "1"],
        ["id", id, "round", "99999999999999999999"],
    ])
    func `anything else is no entry`(fields: [String]) { #expect(work(fields.map { .string($0) }) == nil) }

    @Test func `a value that is no text makes an entry unreadable`() {
        #expect(work([.string("id"), .bytes([0xff]), .string("round"), .string("1")]) == nil)
    }
}
