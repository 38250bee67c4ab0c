import EventLoop
import TestSupport
import Testing

@testable import Pipeline

@Suite(.onLoop) @ServiceActor
struct BatcherTests {
    /// What a batcher has asked. Each call waits until it is let go.
    @ServiceActor
    private final class Calls {
        private(set) var batches: [[Int]] = []
        private var holds: [Promise<Void>] = []

        func answer(_ requests: [Int]) async throws(PipelineError) -> [String] {
            batches.append(requests)
            let hold = Promise<Void>()
            holds.append(hold)
            do { try await hold.value } catch { throw (error as? PipelineError) ?? PipelineError(.stopping, "\(error)") }
            return requests.map(String.init)
        }

        /// Ends the call that was begun first and is still under way.
        func end(_ error: PipelineError? = nil) async throws {
            try await eventually { !self.holds.isEmpty }
            let hold = holds.removeFirst()
            if let error { hold.fail(error) } else { hold.succeed(()) }
        }
    }

    private let calls = Calls()

    private func batcher(max: Int = 64, maxWaiting: Int = 1000) -> Batcher<Int, String> {
        let calls = calls
        return Batcher(max: max, maxWaiting: maxWaiting) { requests throws(PipelineError) in try await calls.answer(requests) }
    }

    private func ask(_ batcher: Batcher<Int, String>, _ requests: Range<Int>) -> [Task<String, any Error>] {
        requests.map { request in Loop.spawn { () async throws -> String in try await batcher.ask(request) } }
    }

    private func values(_ tasks: [Task<String, any Error>]) async throws -> [String] {
        var values: [String] = []
        for task in tasks { values.append(try await task.value) }
        return values
    }

    @Test func `what is asked in one turn goes with one call, and each request gets its own answer`() async throws {
        let tasks = ask(batcher(), 0..<5)
        try await calls.end()
        #expect(try await values(tasks) == ["0", "1", "2", "3", "4"])
        #expect(calls.batches == [[0, 1, 2, 3, 4]])
    }

    @Test func `what is asked while a call is under way goes with the next one`() async throws {
        let batcher = batcher()
        let first = ask(batcher, 0..<1)
        try await eventually { calls.batches.count == 1 }
        let later = ask(batcher, 1..<4)
        try await calls.end()
        #expect(try await values(first) == ["0"])
        try await calls.end()
        #expect(try await values(later) == ["1", "2", "3"])
        #expect(calls.batches == [[0], [1, 2, 3]])
    }

    @Test func `a call takes no more requests than it may`() async throws {
        let tasks = ask(batcher(max: 2), 0..<5)
        for _ in 0..<3 { try await calls.end() }
        #expect(try await values(tasks).count == 5)
        #expect(calls.batches == [[0, 1], [2, 3], [4]])
    }

    @Test func `while too many requests wait for their call, further ones are refused at once, and those that wait are answered`() async throws {
        let batcher = batcher(max: 2, maxWaiting: 3)
        let first = ask(batcher, 0..<2)
        try await eventually { calls.batches == [[0, 1]] }
        let waiting = ask(batcher, 2..<5)
        let error = await #expect(throws: PipelineError.self) { try await batcher.ask(5) }
        #expect(error?.code == .overloaded && error?.outcomeUnknown == false)
        for _ in 0..<3 { try await calls.end() }
        #expect(try await values(first + waiting) == ["0", "1", "2", "3", "4"])
        #expect(calls.batches == [[0, 1], [2, 3], [4]])
    }

    @Test func `the error of a call goes to its requests, and later requests are asked all the same`() async throws {
        let batcher = batcher()
        let tasks = ask(batcher, 0..<2)
        try await calls.end(PipelineError(.refused, "no"))
        for task in tasks { await #expect(throws: PipelineError.self) { try await task.value } }
        let next = ask(batcher, 2..<3)
        try await calls.end()
        #expect(try await values(next) == ["2"])
    }

    @Test func `a request whose answer comes too late may have been carried out`() async throws {
        let batcher = batcher()
        let error = await #expect(throws: PipelineError.self) { try await batcher.ask(1, within: .milliseconds(20)) }
        #expect(error?.code == .unavailable && error?.outcomeUnknown == true)
        try await calls.end()
    }

    /// Asks for `0`, whose call is under way then, and for `1`, which `giveUp` ends while it waits for its call. Then `2` is asked for.
    private func giveUp(_ giveUp: (Batcher<Int, String>) async -> PipelineError?) async throws {
        let batcher = batcher(maxWaiting: 1)
        let first = ask(batcher, 0..<1)
        try await eventually { calls.batches == [[0]] }
        let error = await giveUp(batcher)
        #expect(error?.outcomeUnknown == false)
        let next = ask(batcher, 2..<3)
        try await calls.end()
        try await calls.end()
        #expect(try await values(first + next) == ["0", "2"])
        #expect(calls.batches == [[0], [2]], "what was given up is not carried out")
    }

    @Test func `a request whose time is over while it waits for its call is never carried out, and says so`() async throws {
        try await giveUp { batcher in
            let error = await #expect(throws: PipelineError.self) { try await batcher.ask(1, within: .milliseconds(20)) }
            #expect(error?.code == .unavailable)
            return error
        }
    }

    @Test func `a request that is cancelled while it waits for its call is never carried out, and says so`() async throws {
        try await giveUp { batcher in
            let task = ask(batcher, 1..<2)[0]
            try? await sleep(for: .milliseconds(5))
            task.cancel()
            let error = await #expect(throws: PipelineError.self) { try await task.value }
            #expect(error?.code == .stopping)
            return error
        }
    }

    @Test func `a request that is cancelled during its call may have been carried out`() async throws {
        let task = ask(batcher(), 1..<2)[0]
        try await eventually { calls.batches == [[1]] }
        task.cancel()
        let error = await #expect(throws: PipelineError.self) { try await task.value }
        #expect(error?.code == .stopping && error?.outcomeUnknown == true)
        try await calls.end()
    }

    @Test func `a call that does not answer each request answers none`() async throws {
        let batcher = Batcher<Int, String>(max: 64) { _ in [] }
        let error = await #expect(throws: PipelineError.self) { try await batcher.ask(1) }
        #expect(error?.code == .unexpectedReply)
    }
}
