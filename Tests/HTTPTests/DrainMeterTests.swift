import EventLoop
import TestSupport
import Testing

@testable import HTTP

/// Which clients take or send too slowly.
@Suite(.onLoop) @ServiceActor
struct DrainMeterTests {
    /// 20 KiB a second, judged after three ticks of a tenth of a second.
    private func limit() throws -> DrainLimit {
        var options = HTTPServerOptions()
        options.minDrainRate = 20_480
        options.drainWindow = .milliseconds(300)
        return try #require(DrainLimit(options))
    }

    /// The answers for looks at these ticks, each with the bytes until then.
    private func answers(_ looks: [(tick: Int, bytes: Int?)]) throws -> [Bool] {
        let limit = try limit()
        var meter = DrainMeter()
        return looks.map { meter.isTooSlow(at: $0.tick, bytes: $0.bytes, limit) }
    }

    @Test func `a window is judged at its end, and the next one by itself`() throws {
        #expect(try answers([(0, 0), (2, 0), (3, 6144), (6, 12_287)]) == [false, false, false, true])
    }

    @Test func `a window that was longer asks for as much more`() throws {
        #expect(try answers([(0, 0), (10, 20_479)]) == [false, true])
        #expect(try answers([(0, 0), (10, 20_480)]) == [false, false])
    }

    @Test func `a count that the system does not know ends the window`() throws {
        #expect(try answers([(0, 0), (3, nil), (4, 0), (6, 0), (7, 0)]) == [false, false, false, false, true])
    }

    @Test func `what is owed no more begins anew`() throws {
        var meter = DrainMeter()
        let limit = try limit()
        meter.start(at: 0, bytes: 0)
        meter.reset()
        let answers = [10, 13].map { meter.isTooSlow(at: $0, bytes: 0, limit) }
        #expect(answers == [false, true])
    }
}
