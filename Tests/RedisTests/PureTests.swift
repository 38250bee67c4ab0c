import EventLoop
import Testing

@testable import Redis

struct PureTests {
    @Test(arguments: [
        ("", 1, "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        ("abc", 1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1, "84983e441c3bd26ebaae4aa1f95129e5e54670f1"),
        ("a", 10_000, "a080cbda64850abb7b7f67ee875ba068074ff6fe"),
    ])
    func `SHA-1 gives the known digests`(text: String, count: Int, digest: String) {
        #expect(SHA1.hex(of: String(repeating: text, count: count)) == digest)
    }

    @Test func `a command is encoded by lengths in bytes`() {
        var encoder = CommandEncoder()
        for _ in 0..<2 {
            let text = encoder.withEncoded(["SET", "é", "", "0123456789\r\n"]) { String(decoding: $0, as: UTF8.self) }
            #expect(text == "*4\r\n$3\r\nSET\r\n$2\r\né\r\n$0\r\n\r\n$12\r\n0123456789\r\n\r\n")
        }
    }

    @Test(arguments: [
        (RedisValue.integer(7), Int64?(7)), (.string("-12"), -12), (.string("1.5"), nil), (.null, nil), (.array([.integer(1)]), nil),
    ])
    func `a number is read from an integer or a numeric string`(value: RedisValue, number: Int64?) { #expect(value.integer == number) }

    @Test func `an error reply is told apart by its first word and does not repeat arguments`() {
        #expect(RedisError(reply: "NOSCRIPT No matching script.").code == .rejected("NOSCRIPT"))
        let unknown = RedisError(reply: "ERR unknown command 'FOO', with args beginning with: 'secret' ")
        #expect(unknown.rejection == "ERR" && !unknown.message.contains("secret"))
        #expect(RedisError(reply: "").code == .rejected(""))
        #expect(RedisError(reply: "ERR " + String(repeating: "x", count: 9999)).message.count == 200)
    }

    @Test func `only what was sent and not answered has an unknown outcome`() {
        for code in [RedisError.Code.connectionLost, .timedOut, .protocolViolation] { #expect(RedisError(code, "").outcomeUnknown) }
        for code in [RedisError.Code.unavailable, .overloaded, .closed, .rejected("ERR")] { #expect(!RedisError(code, "").outcomeUnknown) }
        #expect(RedisError(.unavailable, "").isUnavailable && RedisError(.rejected("LOADING"), "").isUnavailable)
        #expect(!RedisError(.connectionLost, "").isUnavailable)
    }
}

struct ReplyQueueTests {
    private func moment(_ milliseconds: UInt64) -> MonotonicInstant { MonotonicInstant(nanoseconds: milliseconds * 1_000_000) }

    private func entry<Call>(_ call: Call, until deadline: UInt64 = 1) -> ReplyQueue<Call>.Entry {
        ReplyQueue.Entry(call: call, sent: moment(0), deadline: moment(deadline))
    }

    @Test func `commands leave in the order in which they came, beyond any size of the ring`() {
        var queue = ReplyQueue<Int>()
        var expected = 0
        for value in 0..<1000 {
            queue.append(entry(value))
            if value % 3 == 0 {
                #expect(queue.removeOldest()?.call == expected)
                expected += 1
            }
        }
        #expect(queue.count == 1000 - expected)
        #expect(queue.removeAll() == Array(expected..<1000))
        #expect(queue.isEmpty && queue.oldest == nil && queue.removeOldest() == nil)
    }

    @Test func `only what is past its deadline expires, once, and keeps its place`() {
        var queue = ReplyQueue<Int>()
        for (value, deadline) in [(0, 30), (1, 10), (2, 20)] as [(Int, UInt64)] { queue.append(entry(value, until: deadline)) }
        #expect(queue.takeExpired(at: moment(9)) == [])
        #expect(queue.takeExpired(at: moment(20)) == [1, 2])
        #expect(queue.takeExpired(at: moment(20)) == [])
        #expect(queue.count == 3 && queue.removeOldest()?.call == 0)
        #expect(queue.removeOldest().map { $0.call == nil } == true)
    }
}
