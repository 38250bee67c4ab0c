import EventLoop
import Glibc
import Orders
import TestSupport
import Testing

@testable import Pipeline

/// Usual steps beside careful ones, on two copies of the same random state. Where a script for many orders takes a step, everything in Redis and each
/// message is what the script for one order leaves. Where it does not, nothing has changed. It takes the steps that are usual, and no others.
///
/// `MODEL_CASES` sets how many cases there are at least. `MODEL_SEED` is the seed of the first batch; each further one has the next seed.
@Suite(.onLoop) @ServiceActor
struct DifferentialTests {
    @Test func `a usual step leaves what the careful steps leave, or nothing at all`() async throws {
        let count = Int(setting("MODEL_CASES") ?? 3000)
        let first = setting("MODEL_SEED") ?? UInt64.random(in: 0...UInt64(UInt32.max))
        let start = MonotonicInstant.now
        var tally = Tally()
        try await Twins.run { twins in
            var seed = first
            while tally.cases < count {
                do { try await Batch(seed: seed).run(twins, &tally) } catch { throw TestFailure("MODEL_SEED=\(seed) MODEL_CASES=1: \(error)") }
                seed &+= 1
            }
        }
        print("model: \(tally) from MODEL_SEED=\(first) on, \(start.elapsed)")
        #expect(count < 3000 || tally.taken.values.allSatisfy { $0 * 8 > tally.cases / 5 }, "too few cases are usual to show anything")
    }

    private func setting(_ name: String) -> UInt64? { getenv(name).flatMap { UInt64(String(cString: $0)) } }
}

/// How many cases there were, and in how many of each kind a step was taken.
struct Tally: CustomStringConvertible {
    var cases = 0
    var taken: [String: Int] = [:]

    var description: String { "\(cases) cases, taken: " + taken.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ") }
}
