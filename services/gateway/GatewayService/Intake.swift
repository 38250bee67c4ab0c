internal import EventLoop
internal import Pipeline

/// How long a new order would wait for workers. Pure; the caller gives the time in monotonic milliseconds.
///
/// Between two samples it counts what this gateway has let in, and what the workers have taken meanwhile at their rate. So a flood is stopped before
/// the next sample shows it, and while orders are refused just as many are let in as the workers take.
struct Intake {
    /// Milliseconds after a sample in which the workers are believed to have gone on. When no other comes, Redis stands still, and they with it.
    private static let trust: UInt64 = 250

    private var router = StagePace()
    private var executor = StagePace()
    /// Orders that may not be in the last sample, and those that are being written.
    private var unseen = 0
    private var writing = 0
    /// How long an order is being written, in milliseconds: a mean in which the newest orders weigh most.
    private var writingTime = 0.0
    private var hasRefused = false
    private var sampledAt: UInt64 = 0

    private static let weight = 1.0 / 32

    /// Whether something waits or is being written, so that the next order needs a sample.
    var isBusy: Bool { writing > 0 || (router.queue?.waiting ?? 0) + (executor.queue?.waiting ?? 0) > 0 }

    /// Milliseconds that an order would wait that came in now.
    ///
    /// 0 if nothing is known, or if the workers take nothing at all: an outage is no overload.
    func wait(at now: UInt64) -> Double {
        let passed = Double(min(now - min(now, sampledAt), Self.trust)) + writingTime
        return max(routerWait(at: now, after: passed), executorWait(at: now, after: passed))
    }

    private func routerWait(at now: UInt64, after passed: Double) -> Double {
        guard let queue = router.queue, let rate = router.rate(at: now) else { return 0 }
        return Self.wait(of: Double(queue.waiting + unseen), at: rate, after: passed)
    }

    /// An order comes to the executors behind all that are on their way there, and later by the time that a router needs.
    private func executorWait(at now: UInt64, after passed: Double) -> Double {
        guard let queue = executor.queue, let rate = executor.rate(at: now) else { return 0 }
        guard let before = router.queue, let routing = router.timeInHand else {
            return Self.wait(of: Double(queue.waiting), at: rate, after: passed)
        }
        let ahead = before.waiting + unseen + before.inHand + queue.waiting
        return Self.wait(of: Double(ahead), at: rate, after: passed + routing)
    }

    /// The wait behind orders of which workers take some first, in the time that passes until the new one is there.
    private static func wait(of orders: Double, at rate: Double, after passed: Double) -> Double {
        let left = orders - rate * passed
        return left < Double(StagePace.few) ? 0 : left / rate
    }

    /// An order was let in. It needs a call of `leave` once it is written or refused.
    mutating func enter() {
        unseen += 1
        writing += 1
    }

    mutating func leave(after milliseconds: Double) {
        writing -= 1
        writingTime += (milliseconds - writingTime) * Self.weight
    }

    /// An order was refused because it would wait too long.
    mutating func refuse() { hasRefused = true }

    /// The orders that the sample which is asked for now may not show.
    mutating func begin() { unseen = writing }

    /// Takes the sample.
    mutating func note(_ queues: StageQueues, at now: UInt64) {
        router.note(queues.router, refused: hasRefused, at: now)
        executor.note(queues.executor, refused: hasRefused, at: now)
        hasRefused = false
        sampledAt = now
    }
}

/// Watches the queues of the stages while orders come in.
@ServiceActor
final class IntakeWatch {
    private let pipeline: OrderPipeline
    private var intake = Intake()
    private let entered = LoopSignal()

    init(pipeline: OrderPipeline) { self.pipeline = pipeline }

    /// With many partitions a sample costs more, and is taken less often.
    private var interval: Duration { .milliseconds(50 * max(1, pipeline.partitions.count / 8)) }

    /// Whether a new order would wait for workers for longer than that. It counts as refused then.
    func refuses(beyond limit: Duration) -> Bool {
        guard intake.wait(at: MonotonicInstant.now.milliseconds) > Double(limit.millisecondsRoundedUp) else { return false }
        intake.refuse()
        return true
    }

    /// An order was let in. It needs a call of `leave` once it is written or refused.
    func enter() {
        intake.enter()
        entered.notify()
    }

    func leave(after time: Duration) { intake.leave(after: time.seconds * 1000) }

    /// Samples until the task is cancelled: again and again while orders come in or wait, and not at all otherwise.
    func run() async {
        while !Task.isCancelled {
            if !intake.isBusy { try? await entered.wait() }
            intake.begin()
            let queues = try? await pipeline.queues()
            // While Redis is away nothing is known, and nothing can be written.
            intake.note(queues ?? StageQueues(router: nil, executor: nil), at: MonotonicInstant.now.milliseconds)
            try? await sleep(for: interval)
        }
    }
}
