import EventLoop
import Synchronization
import TestSupport
import Testing

/// Starts an engine for a suite or for one test, and prints the services' logs if something has failed in it.
struct EngineTrait: SuiteTrait, TestTrait, TestScoping {
    @TaskLocal static var bound: Engine?

    let options: StackOptions

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable @concurrent () async throws -> Void
    ) async throws {
        // The tests of a suite need places on the loop, and tests that wait here have such places: so the suite itself must not wait.
        guard !test.isSuite else { return try await run(test, testCase, function) }
        await EnginePlaces.shared.enter()
        do {
            try await run(test, testCase, function)
            await EnginePlaces.shared.leave()
        } catch {
            await EnginePlaces.shared.leave()
            throw error
        }
    }

    private func run(_ test: Test, _ testCase: Test.Case?, _ function: @Sendable @concurrent () async throws -> Void) async throws {
        let engine = try await Self.start(options)
        let failures = FailureCount()
        let watching: IssueHandlingTrait = .compactMapIssues { issue in
            failures.add()
            return issue
        }
        try await watching.provideScope(for: test, testCase: testCase) {
            try await Self.$bound.withValue(engine) { try await function() }
        }
        await Self.end(engine, printing: failures.value > 0 ? test.name : nil)
    }

    @ServiceActor
    private static func start(_ options: StackOptions) async throws -> Engine { try await Engine(Stack.start(options)) }

    @ServiceActor
    private static func end(_ engine: Engine, printing name: String?) async {
        if let name { print("Logs of the engine of \(name), in \(engine.stack.directory):\n\(engine.stack.report())") }
        await engine.stop(keepingLogs: name != nil)
    }
}

extension Trait where Self == EngineTrait {
    /// Gives the test, or all tests of the suite together, a running engine: `Engine.current`.
    static func engine(
        replicas: [StackService: Int] = [:], settings: [String: String] = [:], ownPostgres: Bool = false, redisDiskMegabytes: Int? = nil,
        redisLayout: StackRedis.Layout = .chosen
    ) -> EngineTrait {
        EngineTrait(
            options: StackOptions(
                replicas: replicas, settings: settings, ownPostgres: ownPostgres, redisDiskMegabytes: redisDiskMegabytes,
                redisLayout: redisLayout))
    }
}

extension Engine {
    /// The engine of the trait.
    static var current: Engine {
        guard let engine = EngineTrait.bound else { preconditionFailure("the test has no trait .engine") }
        return engine
    }
}

private final class FailureCount: Sendable {
    private let count = Atomic(0)

    var value: Int { count.load(ordering: .relaxed) }

    func add() { count.add(1, ordering: .relaxed) }
}

/// The number of tests that have an engine of their own at once. More tests would only wait for the processors.
@ServiceActor
private final class EnginePlaces {
    // An engine on several Redis servers is one of many processes.
    static let shared = EnginePlaces(StackRedis.Layout.chosen == .single ? 3 : 2)

    private var free: Int
    private var waiting: [Promise<Void>] = []

    init(_ free: Int) { self.free = free }

    func enter() async {
        guard free == 0 else { return free -= 1 }
        let turn = Promise<Void>()
        waiting.append(turn)
        try? await turn.value
    }

    func leave() { if waiting.isEmpty { free += 1 } else { waiting.removeFirst().succeed(()) } }
}
