import JSON
import TestSupport
import Testing

@testable import Observability

@Suite struct LoggerTests {
    private let sink = MemorySink()
    private let clock = ManualClock()

    private func logger(_ level: Logger.Level = .info, _ format: Logger.Format = .json) -> Logger {
        Logger(service: "router", instance: "r1", level: level, format: format, sink: sink, clock: clock.logClock)
    }

    @Test func `a JSON line holds the origin, the event and the fields in order`() {
        logger().info("order.routed", ["orderId": "a\"b\n", "attempt": 2, "split": false, "took": .milliseconds(.microseconds(12_345))])
        #expect(
            sink.lines == [
                #"{"time":"2026-01-10T07:30:17.789Z","level":"info","service":"router","instance":"r1","event":"order.routed","#
                    + #""orderId":"a\"b\n","attempt":2,"split":false,"took":12}"# + "\n"
            ])
    }

    @Test func `a text line quotes what could pass for another field or line`() {
        let logger = logger(.debug, .text)
        logger.warning("redis.lost", ["reason": "timed out", "host": "redis", "forged": "x\nERROR y", "empty": "", "pair": "a=b"])
        logger.debug("tick")
        #expect(
            sink.lines
                == [
                    "2026-01-10T07:30:17.789Z WARNING router redis.lost service=router instance=r1 reason=\"timed out\" host=redis "
                        + "forged=\"x\\nERROR y\" empty=\"\" pair=\"a=b\"\n",
                    "2026-01-10T07:30:17.789Z DEBUG   router tick\n",
                ].map { $0.replacing("service=router instance=r1 ") })
    }

    @Test func `what is below the level is neither written nor made`() {
        var made = 0
        func value() -> LogValue {
            made += 1
            return 1
        }
        let logger = logger(.warning)
        logger.info("quiet", ["n": value()])
        logger.limited(.info, "quiet", every: .seconds(1), ["n": value()])
        #expect(sink.lines.isEmpty)
        #expect(made == 0)
        logger.error("loud", ["n": value()])
        #expect(sink.lines.count == 1)
        #expect(made == 1)
    }

    @Test func `a repeated event is held back and counted, others are not`() throws {
        let logger = logger()
        for _ in 0..<5 { logger.limited(.warning, "redis.unavailable", every: .seconds(10)) }
        logger.limited(.warning, "postgres.unavailable", every: .seconds(10))
        #expect(sink.lines.count == 2)
        clock.advance(seconds: 9)
        logger.limited(.warning, "redis.unavailable", every: .seconds(10))
        #expect(sink.lines.count == 2)
        clock.advance(seconds: 1)
        logger.limited(.warning, "redis.unavailable", every: .seconds(10))
        #expect(try sink.lastObject()["suppressed"]?.integer == 5)
        clock.advance(seconds: 10)
        logger.limited(.warning, "redis.unavailable", every: .seconds(10))
        #expect(try sink.lastObject()["suppressed"] == nil)
    }

    @Test func `lines that could not be written are counted in the next one that can`() throws {
        let logger = logger()
        sink.setFull(true)
        for _ in 0..<3 { logger.info("gone") }
        sink.setFull(false)
        logger.info("back")
        #expect(try sink.lastObject()["lost"]?.integer == 3)
        logger.info("again")
        #expect(try sink.lastObject()["lost"] == nil)
    }

    @Test(arguments: Logger.Format.allCases)
    func `a line is bounded whatever it is given`(format: Logger.Format) throws {
        let logger = Logger(
            service: String(repeating: "s", count: 999), instance: String(repeating: "\u{1}", count: 999), level: .info, format: format, sink: sink,
            clock: clock.logClock)
        let long = LogValue.string(String(repeating: "\u{2}", count: 5_000))
        sink.setFull(true)
        for _ in 0..<1_000 { logger.limited(.info, "e", every: .seconds(1)) }
        sink.setFull(false)
        clock.advance(seconds: 1)
        logger.limited(.info, "e", every: .seconds(1), ["a": 1, "b": long, "c": long, "d": 2])
        let line = try #require(sink.lines.last)
        #expect(line.utf8.count <= Logger.maxLineBytes)
        if format == .json {
            let object = try sink.lastObject()
            #expect(object["a"]?.integer == 1)
            #expect(object["truncated"]?.bool == true)
            #expect(object["suppressed"]?.integer == 999)
        } else {
            #expect(line.hasSuffix(" truncated=true\n"))
        }
    }

    @Test func `a long text is cut between characters`() throws {
        logger().info("e", ["text": .string("a" + String(repeating: "é", count: 2_000))])
        let text = try #require(try sink.lastObject()["text"]?.string)
        #expect(text.utf8.count <= 1024)
        #expect(text.hasSuffix("é…"))
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_399_999, "2000-02-28T23:59:59.999Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_001, "2024-02-29T23:59:59.001Z"), (1_767_225_599_050, "2025-12-31T23:59:59.050Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
        ] as [(Int64, String)])
    func `time is written in UTC to the millisecond`(milliseconds: Int64, text: String) { #expect(ISOTime.text(milliseconds: milliseconds) == text) }
}

extension String {
    fileprivate func replacing(_ part: String) -> String { split(separator: part, omittingEmptySubsequences: false).joined() }
}
