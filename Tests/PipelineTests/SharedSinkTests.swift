import EventLoop
import Orders
import TestSupport
import Testing

@testable import Pipeline

@Suite(.onLoop) @ServiceActor
struct SharedSinkTests {
    private func record(_ id: OrderID = Samples.id()) -> OrderRecord { OrderRecord(id: id, state: "", details: "", lines: []) }

    private func records(_ count: Int) -> [OrderRecord] { (0..<count).map { _ in record() } }

    /// Stores these batches of lanes while the sink is busy with a first one. Returns what each was answered; nil for an error.
    private func store(_ batches: [[OrderRecord]], _ shared: SharedSink, _ sink: FakeSink, failures: Int = 0) async throws -> [[Int]?] {
        let gate = Promise<Void>()
        sink.gate = gate
        let first = Loop.spawn { try await shared.store(records(1)) }
        try await eventually { sink.attempts == 1 }
        let waits = batches.map { batch in Loop.spawn { try await shared.store(batch) } }
        try await eventually { shared.waiting == batches.count }
        sink.failures = failures
        gate.succeed(())
        _ = try await first.value
        var answers: [[Int]?] = []
        for wait in waits { answers.append(try? await wait.value.map(\.index)) }
        return answers
    }

    @Test func `batches that come while the sink is busy are stored together, and each hears of its own refusals`() async throws {
        let (sink, batches) = (FakeSink(), [records(2), records(3), records(1)])
        let shared = SharedSink(sink, batch: 10)
        sink.refused = [batches[0][1].id, batches[1][0].id, batches[1][2].id]
        #expect(try await store(batches, shared, sink) == [[1], [0, 2], []])
        #expect(sink.batches.dropFirst().map { $0.map(\.id) } == [batches.flatMap { $0 }.map(\.id)])
    }

    @Test func `no more are stored together than a batch may have, but a larger one is stored alone`() async throws {
        let (sink, batches) = (FakeSink(), [records(7), records(2), records(2)])
        #expect(try await store(batches, SharedSink(sink, batch: 4), sink) == [[], [], []])
        #expect(sink.batches.map(\.count) == [1, 7, 4])
    }

    @Test func `two states of one order are stored one after the other, the older first`() async throws {
        let (sink, twice) = (FakeSink(), Samples.id())
        let (older, newer) = ([record(twice)], [record(twice), record()])
        _ = try await store([older, newer, records(1)], SharedSink(sink, batch: 10), sink)
        #expect(sink.batches.map(\.count) == [1, 2, 2] && sink.batches[2].first?.id == twice)
    }

    @Test func `what cannot be stored together is stored one by one: a batch that always fails holds up no other`() async throws {
        let (sink, bad) = (FakeSink(), record())
        let shared = SharedSink(sink, batch: 10)
        sink.poison = bad.id
        #expect(try await store([records(1), [bad], records(1)], shared, sink) == [nil, nil, nil])
        sink.gate = nil
        let again = [records(2), [bad], records(3)].map { batch in Loop.spawn { try await shared.store(batch) } }
        var outcomes: [Bool] = []
        for wait in again { outcomes.append((try? await wait.value) != nil) }
        #expect(outcomes == [true, false, true] && sink.batches.map(\.count) == [1, 2, 3])
    }

    @Test func `who no longer waits is not stored`() async throws {
        let sink = FakeSink()
        let (shared, gate) = (SharedSink(sink, batch: 10), Promise<Void>())
        sink.gate = gate
        let first = Loop.spawn { try await shared.store(records(1)) }
        try await eventually { sink.attempts == 1 }
        let second = Loop.spawn { try await shared.store(records(2)) }
        try await eventually { shared.waiting == 1 }
        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        #expect(shared.waiting == 0)
        gate.succeed(())
        _ = try await first.value
        #expect(sink.batches.map(\.count) == [1])
    }

    @Test func `a failure is told to all whose orders were given, and the next batch shows that the sink is well`() async throws {
        let sink = FakeSink()
        let shared = SharedSink(sink, batch: 2)
        #expect(try await store([records(1), records(1)], shared, sink, failures: 1) == [nil, nil])
        #expect(!shared.isGood)
        sink.gate = nil
        #expect(try await shared.store(records(1)).isEmpty && shared.isGood)
    }
}
