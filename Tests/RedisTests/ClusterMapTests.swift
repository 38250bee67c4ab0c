import Configuration
import Testing

@testable import Redis

/// Tests where a command of a cluster goes, by its words alone.
@Suite struct ClusterMapTests {
    // The first are of the specification, the others were asked of a server (CLUSTER KEYSLOT).
    @Test(arguments: [
        ("123456789", 0x31C3 % 16_384), ("{user1000}.following", 3443), ("foo{}{bar}", 8363), ("foo{{bar}}zap", 4015), ("foo{bar}{zap}", 5061),
        ("", 0), ("orders:{0}:accepted", 13_907), ("orders:{services}", 16_046), ("}{", 12_793), ("a{b", 13_340),
    ])
    func `the slot of a key is that of its hash tag`(key: String, slot: Int) { #expect(HashSlot.of(key) == slot) }

    @Test(
        arguments: [
            (["GET", "k"], "k"), (["EVALSHA", "sha", "2", "a", "b", "x"], "a"), (["EVALSHA", "sha", "0", "x"], nil),
            (["XREADGROUP", "GROUP", "g", "c", "COUNT", "1", "BLOCK", "9", "STREAMS", "s", ">"], "s"), (["XINFO", "GROUPS", "s"], "s"),
            (["XGROUP", "CREATE", "s", "g", "0"], "s"), (["INFO"], nil), (["SCAN", "0", "MATCH", "x"], nil), (["PING"], nil),
            (["MEMORY", "USAGE", "k"], "k"),
        ] as [([String], String?)])
    func `the key of a command is found`(command: [String], key: String?) { #expect(CommandKey.first(of: command) == key) }

    @Test(
        arguments: [
            ("MOVED 3999 127.0.0.1:6381", 3999), ("ASK 7 a:1", 7), ("CLUSTERDOWN The cluster is down", nil), ("MOVED", nil), ("MOVED x a:1", nil),
        ] as [(String, Int?)])
    func `the slot that an answer is about is found`(text: String, slot: Int?) { #expect(Redirection.slot(RedisError(reply: text)) == slot) }

    private func range(_ first: Int64, _ last: Int64, _ host: RedisValue, _ port: Int64) -> RedisValue {
        .array([.integer(first), .integer(last), .array([host, .integer(port), .string("id")]), .array([.string("replica"), .integer(1)])])
    }

    @Test func `a map has the master of each slot, and says where none is`() throws {
        let reply = RedisValue.array([
            range(0, 100, .string("a"), 7000), range(200, 300, .string("b"), 7001), range(301, 301, .string("a"), 7000),
        ])
        let map = try #require(SlotMap(reply, asked: "x"))
        #expect(map.masters == [RedisURL.Host("a", port: 7000), RedisURL.Host("b", port: 7001)])
        #expect([0, 100, 101, 200, 300, 301, 302, 16_383].map { map[$0]?.name } == ["a", "a", nil, "b", "b", "a", nil, nil])
    }

    @Test(arguments: [RedisValue.null, .string(""), .string("?")])
    func `a node that does not know its own address is where it was asked`(name: RedisValue) throws {
        #expect(SlotMap(.array([range(0, 16_383, name, 7000)]), asked: "10.0.0.1")?[5] == RedisURL.Host("10.0.0.1", port: 7000))
    }

    @Test func `what is no map is none`() {
        #expect(SlotMap(.array([]), asked: "x") == nil)
        #expect(SlotMap(.string("OK"), asked: "x") == nil)
        #expect(SlotMap(.array([range(0, 16_384, .string("a"), 7000)]), asked: "x") == nil)
        #expect(SlotMap(.array([range(-1, 5, .string("a"), 7000)]), asked: "x") == nil)
        #expect(SlotMap(.array([range(6, 5, .string("a"), 7000)]), asked: "x") == nil)
        #expect(SlotMap(.array([range(0, 5, .string("a"), 70_000)]), asked: "x") == nil)
    }

    @Test(
        arguments: [
            ("MOVED 3999 127.0.0.1:6381", .moved(RedisURL.Host("127.0.0.1", port: 6381))),
            ("ASK 3999 ::1:6381", .ask(RedisURL.Host("::1", port: 6381))), ("MOVED 3999 :6381", .moved(RedisURL.Host("asked", port: 6381))),
            ("MOVED 3999 nowhere", nil), ("MOVED", nil), ("TRYAGAIN Multiple keys request during rehashing of slot", .wait),
            ("CLUSTERDOWN Hash slot not served", .wait), ("ERR Script attempted to access a non local key in a cluster node", .wait),
            ("ERR unknown command", nil), ("NOGROUP No such key", nil), ("CROSSSLOT Keys in request don't hash to the same slot", nil),
        ] as [(String, Redirection?)])
    func `an answer says where a command belongs`(answer: String, redirection: Redirection?) {
        #expect(Redirection(RedisError(reply: answer), asked: "asked") == redirection)
    }
}
