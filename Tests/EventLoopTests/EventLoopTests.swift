import EventLoop
import Glibc
import TestSupport
import Testing

@Suite(.onLoop) @ServiceActor
struct EventLoopTests {
    @Test func `a sleeping task does not hold the loop and wakes in time`() async throws {
        let start = MonotonicInstant.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<100 { group.addTask { try await sleep(for: .milliseconds(100)) } }
            try await group.waitForAll()
        }
        #expect(start.elapsed >= .milliseconds(100))
        #expect(start.elapsed < .seconds(6))
    }

    @Test func `a sleep is never shorter than it was asked to be`() async throws {
        for round in 0..<200 {
            // Begins anywhere within a millisecond.
            let offset = MonotonicInstant.now
            while offset.elapsed < .microseconds(round * 7 % 1000) {}
            let start = MonotonicInstant.now
            try await sleep(for: .milliseconds(2))
            #expect(start.elapsed >= .milliseconds(2))
        }
    }

    @Test func `a cancelled sleep ends at once with CancellationError`() async throws {
        let start = MonotonicInstant.now
        let task = Loop.spawn { try await sleep(for: .seconds(30)) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(start.elapsed < .seconds(5))
    }

    @Test func `a task that is cancelled before it waits does not hang`() async throws {
        let promise = Promise<Int>()
        let task = Loop.spawn { try await promise.value }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func `a deadline throws and cancels what it guards`() async throws {
        let cancelled = Promise<Bool>()
        await #expect(throws: DeadlineExceeded.self) {
            try await withDeadline(.milliseconds(20)) {
                do { try await sleep(for: .seconds(30)) } catch { cancelled.succeed(true) }
            }
        }
        #expect(try await cancelled.value(within: .seconds(5)))
    }

    @Test func `a promise gives its first value to all who wait`() async throws {
        let promise = Promise<Int>()
        async let first = promise.value
        async let second = promise.value(within: .seconds(5))
        Loop.spawn { promise.succeed(7) }
        #expect(try await first == 7)
        #expect(try await second == 7)
        #expect(!promise.succeed(8))
        #expect(try await promise.value == 7)
    }

    @Test func `a result that comes before its wait is not lost, whoever waits and however short the limit`() async throws {
        let waiter = Waiter<Int, any Error>()
        waiter.complete(.success(1))
        waiter.complete(.success(2))
        #expect(try await waiter.value(orWhenCancelled: CancellationError()) == 1)
        // These tasks come from the pool and are enqueued again on their way into the wait.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<500 {
                let promise = Promise<Void>()
                group.addTask { try await promise.value }
                group.addTask { _ = try? await promise.value(within: .zero) }
                group.addTask { await promise.succeed(()) }
            }
            try await group.waitForAll()
        }
    }

    @Test func `a signal given before the wait is not lost`() async throws {
        let signal = LoopSignal()
        signal.notify()
        #expect(try await signal.wait(upTo: .seconds(5)))
        #expect(try await !signal.wait(upTo: .milliseconds(5)))
    }

    @Test func `a bounded queue keeps order, refuses beyond its bound and ends when finished`() async throws {
        let queue = BoundedQueue<Int>(bound: 2)
        #expect(queue.send(1) && queue.send(2))
        #expect(!queue.send(3))
        #expect(try await queue.next() == 1)
        #expect(queue.send(4))
        queue.finish()
        #expect(!queue.send(5))
        #expect(try await queue.next() == 2)
        #expect(try await queue.next() == 4)
        #expect(try await queue.next() == nil)
    }

    @Test func `a repeating timer fires until it is stopped`() async throws {
        let timer = LoopTimer()
        let done = Promise<Void>()
        var count = 0
        timer.start(after: .milliseconds(1), every: .milliseconds(1)) {
            count += 1
            if count == 3 {
                timer.stop()
                done.succeed(())
            }
        }
        try await done.value(within: .seconds(5))
        try await sleep(for: .milliseconds(20))
        #expect(count == 3)
    }

    @Test func `a descriptor becomes readable when its peer writes`() async throws {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        let poll = try PollHandle(descriptor: ends[0])
        let ready = Promise<Void>()
        poll.watch(.readable) { events in
            #expect(events.contains(.readable))
            ready.succeed(())
        }
        _ = write(ends[1], "x", 1)
        try await ready.value(within: .seconds(5))
        poll.close()
        close(ends[0])
        close(ends[1])
    }

    @Test func `work from another thread runs on the loop`() async throws {
        let ran = Promise<Bool>()
        await Task.detached { Loop.perform { ran.succeed(Loop.isCurrent) } }.value
        #expect(try await ran.value(within: .seconds(5)))
    }

    @Test func `a burst of more jobs than one turn takes lets timers through`() async throws {
        var fired = false
        let timer = LoopTimer()
        timer.start(after: .milliseconds(1)) { fired = true }
        let start = MonotonicInstant.now
        while !fired && start.elapsed < .seconds(5) { await Task.yield() }
        #expect(fired)
    }
}
