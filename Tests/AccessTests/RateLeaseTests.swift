import Testing

@testable import Access

@Suite struct RateLeaseTests {
    /// A bucket as Redis keeps it, and leases of several processes.
    private struct World {
        let rate: Int
        let burst: Int
        var level: Double
        var at: UInt64 = 0
        var leases: [RateLease]
        var granted = 0

        init(rate: Int, burst: Int, processes: Int) {
            (self.rate, self.burst) = (rate, burst)
            level = Double(burst)
            leases = Array(repeating: RateLease(rate: rate, burst: burst), count: processes)
        }

        mutating func settle(_ process: Int, at now: UInt64) {
            guard let claim = leases[process].claim(at: now) else { return }
            level = min(Double(burst), level + Double(now - at) * Double(rate) / 1000) - Double(claim.owed)
            at = now
            let given = max(0, min(claim.wanted, Int(level.rounded(.down))))
            level -= Double(given)
            let wait = level >= 1 ? 0 : UInt64(((1 - level) * 1000 / Double(rate)).rounded(.up))
            leases[process].settle(claim, granted: given, left: max(0, Int(level.rounded(.down))), wait: wait, at: now)
        }

        mutating func take(_ process: Int, at now: UInt64) -> Bool {
            let isGranted = leases[process].take(at: now) == .granted
            if isGranted { granted += 1 }
            return isGranted
        }
    }

    @Test func aCallerBelowItsRateIsNeverRefused() {
        for rate in [1, 2, 10, 50, 1000] {
            var world = World(rate: rate, burst: 2 * rate, processes: 2)
            var refused = 0
            for request in 0..<(rate * 20) {
                let now = UInt64(request * 1000 / rate) + 1
                if !world.take(request % 2, at: now) { refused += 1 }
                for process in 0..<2 { world.settle(process, at: now) }
            }
            #expect(refused == 0, "\(rate) a second")
        }
    }

    @Test func allProcessesTogetherKeepToTheRate() {
        var random = SystemRandomNumberGenerator()
        for (rate, processes) in [(10, 1), (10, 4), (100, 4), (1000, 3)] {
            var world = World(rate: rate, burst: 2 * rate, processes: processes)
            let seconds = 20
            for now in stride(from: UInt64(1), to: UInt64(seconds * 1000), by: 5) {
                // Ten times as many as allowed, and answers that come late.
                for _ in 0..<max(1, rate / 20) { _ = world.take(Int.random(in: 0..<processes, using: &random), at: now) }
                if Int.random(in: 0..<3, using: &random) == 0 { for process in 0..<processes { world.settle(process, at: now) } }
            }
            let most = 2 * rate + seconds * rate
            // What a process may let through on credit, and what it holds.
            let extra = processes * 2 * max(1, rate / 10)
            #expect(world.granted <= most + extra, "\(world.granted) of \(most)")
            #expect(world.granted >= seconds * rate * 9 / 10, "\(world.granted)")
        }
    }

    @Test func whoIsRefusedIsToldHowLong() {
        var world = World(rate: 10, burst: 1, processes: 1)
        let first = [world.take(0, at: 1), world.take(0, at: 1)]
        #expect(first == [true, false])
        world.settle(0, at: 1)
        #expect(world.leases[0].remaining == 0)
        let verdict = world.leases[0].take(at: 2)
        #expect(verdict == .refused(wait: 99))
        let later = world.leases[0].take(at: 101)
        #expect(later == .granted)
    }

    @Test func whereTheBucketCannotBeAskedTheProcessGoesByTheRateItself() {
        var lease = RateLease(rate: 100, burst: 200)
        var granted = 0
        for now in UInt64(1)...10_000 {
            for _ in 0..<5 where lease.take(at: now) == .granted { granted += 1 }
            if let claim = lease.claim(at: now) { lease.fail(claim, at: now) }
        }
        #expect((900...1100).contains(granted), "\(granted)")
    }

    @Test func itIsForgottenOnceTheBucketMustBeFull() {
        var lease = RateLease(rate: 10, burst: 20)
        _ = lease.take(at: 1000)
        #expect(!lease.isIdle(at: 3999))
        #expect(lease.isIdle(at: 4000))
    }
}
