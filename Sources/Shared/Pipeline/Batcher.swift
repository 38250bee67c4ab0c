internal import EventLoop

/// Collects requests while a call is under way, and asks them all with the next call. So a busy process needs few calls, and an idle one does not
/// wait.
@ServiceActor
final class Batcher<Request: Sendable, Answer: Sendable> {
    private typealias Waiting = (request: Request, answer: Waiter<Answer, PipelineError>)

    private let max: Int
    private let maxWaiting: Int
    private let call: @ServiceActor ([Request]) async throws(PipelineError) -> [Answer]
    private var waiting: [Waiting] = []
    private var isCalling = false

    /// A batcher whose calls take at most `max` requests. A call answers each request, in the same sequence. At most `maxWaiting` requests wait for
    /// their call.
    init(max: Int, maxWaiting: Int = 10_000, _ call: @escaping @ServiceActor ([Request]) async throws(PipelineError) -> [Answer]) {
        self.max = max
        self.maxWaiting = maxWaiting
        self.call = call
    }

    /// The answer to a request, within `limit` if there is one. Throws the error of its call, and `.overloaded` if too many requests wait. A request
    /// that is given up before its call is never carried out.
    func ask(_ request: Request, within limit: Duration? = nil) async throws(PipelineError) -> Answer {
        guard waiting.count < maxWaiting else { throw PipelineError(.overloaded, "\(waiting.count) requests wait for Redis, no more are allowed") }
        let answer = Waiter<Answer, PipelineError>()
        waiting.append((request, answer))
        // The first call begins in the next turn, so that it takes all requests of this one.
        if !isCalling {
            isCalling = true
            Loop.spawn { await self.callAll() }
        }
        let timer = limit.map { limit in
            let timer = LoopTimer()
            timer.start(after: limit) { answer.complete(.failure(PipelineError(.unavailable, "Redis gave no reply in time", outcomeUnknown: true))) }
            return timer
        }
        defer { timer?.stop() }
        do throws(PipelineError) {
            return try await answer.value(orWhenCancelled: PipelineError(.stopping, "the wait for Redis was broken off", outcomeUnknown: true))
        } catch {
            guard let place = waiting.firstIndex(where: { $0.answer === answer }) else { throw error }
            waiting.remove(at: place)
            throw PipelineError(error.code, error.message)
        }
    }

    private func callAll() async {
        while !waiting.isEmpty {
            let batch = Array(waiting.prefix(max))
            waiting.removeFirst(batch.count)
            do throws(PipelineError) {
                let answers = try await call(batch.map(\.request))
                guard answers.count == batch.count else { throw PipelineError(.unexpectedReply, "a call has not answered each request") }
                for (one, answer) in zip(batch, answers) { one.answer.complete(.success(answer)) }
            } catch {
                for one in batch { one.answer.complete(.failure(error)) }
            }
        }
        isCalling = false
    }
}
