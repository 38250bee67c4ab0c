import EventLoop
import TestSupport
import Testing

@Suite(.onLoop) @ServiceActor
struct SharedWorkTests {
    private let shared = SharedWork()
    private let gate = Promise<Void>()

    @Test func `all who ask while it is under way get one more run between them`() async throws {
        var (asked, runs) = (0, 0)
        var log: [String] = []
        func ask(_ name: String) -> Task<Void, Never> {
            Loop.spawn {
                asked += 1
                await shared.run(while: { true }) {
                    runs += 1
                    if runs == 1 { _ = try? await gate.value(within: .seconds(5)) }
                    log.append("run")
                }
                log.append(name)
            }
        }
        let first = ask("first")
        try await eventually { shared.isUnderWay }
        let others = [ask("second"), ask("third")]
        try await eventually { asked == 3 }
        #expect(log.isEmpty)
        gate.succeed(())
        for task in [first] + others { await task.value }
        #expect(runs == 2)
        #expect(log.prefix(2) == ["run", "run"])
        #expect(!shared.isUnderWay)
        await ask("later").value
        #expect(runs == 3)
    }

    @Test func `it is not done again for those who have gone`() async throws {
        var isWanted = true
        var (asked, runs) = (0, 0)
        func ask() -> Task<Void, Never> {
            Loop.spawn {
                asked += 1
                await shared.run(while: { isWanted }) {
                    runs += 1
                    _ = try? await gate.value(within: .seconds(5))
                }
            }
        }
        let first = ask()
        try await eventually { shared.isUnderWay }
        let second = ask()
        try await eventually { asked == 2 }
        isWanted = false
        gate.succeed(())
        await first.value
        await second.value
        #expect(runs == 1)
    }
}
