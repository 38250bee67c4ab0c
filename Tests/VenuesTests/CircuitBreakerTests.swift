import EventLoop
import Testing

@testable import Venues

struct CircuitBreakerTests {
    private let limits: CircuitBreaker.Limits = {
        var limits = CircuitBreaker.Limits()
        (limits.failures, limits.firstPause, limits.longestPause) = (3, .seconds(2), .seconds(10))
        return limits
    }()

    private func at(_ seconds: Double) -> MonotonicInstant { MonotonicInstant(nanoseconds: UInt64(seconds * 1e9)) }

    private func pass(_ breaker: inout CircuitBreaker, _ now: MonotonicInstant) throws -> CircuitBreaker.Pass {
        let pass = breaker.admit(at: now)
        return try #require(pass)
    }

    private func isRefused(_ breaker: inout CircuitBreaker, _ now: MonotonicInstant) -> Bool { breaker.admit(at: now) == nil }

    /// Fails as often as it takes to open.
    private func opened(at now: MonotonicInstant) throws -> CircuitBreaker {
        var breaker = CircuitBreaker(limits)
        for _ in 0..<limits.failures { breaker.report(.failed, of: try pass(&breaker, now), at: now) }
        return breaker
    }

    @Test func `failures in a row open it, and an answer between them starts the count anew`() throws {
        var breaker = CircuitBreaker(limits)
        for outcome in [CircuitBreaker.Outcome.failed, .failed, .answered, .failed, .abandoned, .failed] {
            breaker.report(outcome, of: try pass(&breaker, at(1)), at: at(1))
        }
        #expect(breaker.state == .closed(failures: 2))
        breaker.report(.failed, of: try pass(&breaker, at(1)), at: at(1))
        #expect(breaker.state == .open(until: at(3)))
        let refused = isRefused(&breaker, at(2.9))
        #expect(refused)
        #expect(breaker.remaining(at: at(2.5)) == .milliseconds(500) && breaker.remaining(at: at(4)) == .zero)
    }

    @Test func `what judges the request does not count, neither for the venue nor against it`() throws {
        var breaker = CircuitBreaker(limits)
        for outcome in [CircuitBreaker.Outcome.failed, .judged, .judged, .failed, .judged] {
            breaker.report(outcome, of: try pass(&breaker, at(1)), at: at(1))
        }
        #expect(breaker.state == .closed(failures: 2))
        breaker.report(.failed, of: try pass(&breaker, at(1)), at: at(1))
        breaker.report(.judged, of: try pass(&breaker, at(3)), at: at(3))
        #expect(breaker.state == .closed(failures: 0))
    }

    @Test func `after the pause one trial goes through, and its answer closes it`() throws {
        var breaker = try opened(at: at(1))
        let trial = try pass(&breaker, at(3))
        #expect(breaker.state == .halfOpen)
        let refusals = [isRefused(&breaker, at(3)), isRefused(&breaker, at(100))]
        #expect(refusals == [true, true])
        breaker.report(.answered, of: trial, at: at(4))
        #expect(breaker.state == .closed(failures: 0))
    }

    @Test func `each failed trial doubles the pause up to a limit, and an answer makes it short again`() throws {
        var breaker = try opened(at: at(0))
        var now = at(2)
        for pause in [4, 8, 10, 10] {
            breaker.report(.failed, of: try pass(&breaker, now), at: now)
            #expect(breaker.remaining(at: now) == .seconds(pause))
            now = now + .seconds(pause)
        }
        breaker.report(.answered, of: try pass(&breaker, now), at: now)
        for _ in 0..<3 { breaker.report(.failed, of: try pass(&breaker, now), at: now) }
        #expect(breaker.remaining(at: now) == .seconds(2))
    }

    @Test func `a trial that nobody waits for any more lets the next one try`() throws {
        var breaker = try opened(at: at(0))
        breaker.report(.abandoned, of: try pass(&breaker, at(2)), at: at(2))
        let refused = isRefused(&breaker, at(2))
        #expect(!refused)
    }

    @Test func `what was asked before it changed its mind does not count`() throws {
        var breaker = CircuitBreaker(limits)
        let early = try (0..<6).map { _ in try pass(&breaker, at(0)) }
        for pass in early[..<4] { breaker.report(.failed, of: pass, at: at(1)) }
        #expect(breaker.state == .open(until: at(3)))
        breaker.report(.answered, of: early[4], at: at(2))
        #expect(breaker.state == .open(until: at(3)))
        let trial = try pass(&breaker, at(3))
        breaker.report(.failed, of: early[5], at: at(3))
        #expect(breaker.state == .halfOpen)
        breaker.report(.answered, of: trial, at: at(3))
        #expect(breaker.state == .closed(failures: 0))
    }

    @Test func `a venue that says when to come back is left out for that long at once, within limits, and by a jitter more`() throws {
        var breaker = CircuitBreaker(limits)
        breaker.report(.heldOff(.seconds(7)), of: try pass(&breaker, at(0)), at: at(0)) { $0 / 7 }
        #expect(breaker.state == .open(until: at(8)))
        breaker.report(.heldOff(.seconds(3600)), of: try pass(&breaker, at(8)), at: at(8))
        #expect(breaker.state == .open(until: at(18)))
    }
}
