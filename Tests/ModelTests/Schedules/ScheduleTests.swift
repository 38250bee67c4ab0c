import EventLoop
import Glibc
import Orders
import Pipeline
import TestSupport
import Testing

/// Random schedules of one order, on the model and on a real Redis side by side.
///
/// `MODEL_SCHEDULES` sets their number. `MODEL_SEED` is the seed of the first; each further one has the next seed. A failure names the seed that
/// repeats it.
@Suite(.onLoop) @ServiceActor
struct ScheduleTests {
    /// The number of databases that are worked on at once.
    private static let lanes: UInt64 = 4

    @Test func `whatever the schedule, Redis does what the model does`() async throws {
        let count = Self.setting("MODEL_SCHEDULES") ?? 400
        let seed = Self.setting("MODEL_SEED") ?? UInt64.random(in: 0...UInt64(UInt32.max))
        print("model: \(count) schedules from MODEL_SEED=\(seed) on")
        let start = MonotonicInstant.now
        let actions = try await withThrowingTaskGroup(of: Int.self) { group in
            for lane in 0..<min(Self.lanes, count) {
                group.addTask { try await Self.run(stride(from: seed &+ lane, to: seed &+ count, by: Int(Self.lanes))) }
            }
            var actions = 0
            for try await more in group { actions += more }
            return actions
        }
        print("model: \(count) schedules, \(actions) actions, \(start.elapsed)")
    }

    /// Runs the schedules with these seeds, one after the other. Returns the number of actions.
    private static func run(_ seeds: StrideTo<UInt64>) async throws -> Int {
        var actions = 0
        try await withDatabase { database in
            for seed in seeds {
                let schedule = try await Schedule(database, random: SeededGenerator(seed: seed))
                do {
                    try await schedule.run()
                } catch {
                    throw TestFailure("MODEL_SEED=\(seed) MODEL_SCHEDULES=1: \(error)\n  \(schedule.log.joined(separator: "\n  "))")
                }
                actions += schedule.log.count
            }
        }
        return actions
    }

    private static func setting(_ name: String) -> UInt64? { getenv(name).flatMap { UInt64(String(cString: $0)) } }
}
