internal import Pipeline

/// How fast the workers of a stage take orders. Pure; the caller gives the time in monotonic milliseconds.
struct StagePace {
    /// Workers take orders in bursts, as long apart as a slow venue's quote may take. A rate over less time would be chance.
    private static let window: UInt64 = 2000
    /// A rate over less than this tells nothing.
    private static let leastSpan: UInt64 = 200
    /// How long the rate of the last time in which orders waited is a guess at the next.
    private static let memory: UInt64 = 60_000
    /// So few orders are never too many. They may wait although the workers have nothing to do yet, so their rate is not all that the workers can do.
    static let few = 64

    /// The factor by which a rate that has proved too low is raised with each sample, and the most that this comes to.
    private static let raise = (step: 1.1, most: 4.0)

    private typealias Sample = (queue: StageQueue, at: UInt64)

    private var samples: [Sample] = []
    /// Since when more than a few orders have been waiting without a break, and the rate that was known then.
    private var busy: (since: UInt64, before: Double?)?
    private var known: (rate: Double, at: UInt64)?
    /// The factor by which the rate is raised, until more than a few wait again.
    private var raised = 1.0

    /// The last sample; nil if Redis did not know.
    var queue: StageQueue? { samples.last?.queue }

    /// Orders a millisecond that the workers take while more than a few wait, which is what they can do. Nil if that is not known, or if they take
    /// none at all.
    func rate(at now: UInt64) -> Double? { known.flatMap { now < $0.at + Self.memory ? $0.rate * raised : nil } }

    /// How long an order is in the hands of a worker, in milliseconds, by Little's law; nil if that is not known.
    var timeInHand: Double? {
        guard let first = samples.first, let last = samples.last, last.queue.taken > first.queue.taken else { return nil }
        let inHand = Double(samples.reduce(0) { $0 + $1.queue.inHand }) / Double(samples.count)
        return inHand * Double(last.at - first.at) / Double(last.queue.taken - first.queue.taken)
    }

    /// Takes a sample.
    ///
    /// - Parameter refused: whether orders were refused since the last sample. If only few wait all the same, the workers can do more than was known.
    mutating func note(_ queue: StageQueue?, refused: Bool = false, at now: UInt64) {
        guard let queue, queue.taken >= samples.last?.queue.taken ?? 0 else {
            (samples, busy) = ([], nil)
            return
        }
        samples.append((queue, now))
        samples.removeAll { $0.at + Self.window < now }
        if queue.waiting < Self.few {
            busy = nil
            if refused { raised = min(raised * Self.raise.step, Self.raise.most) }
        } else {
            busy = busy ?? (now, rate(at: now))
            raised = 1
            learn(queue, at: now)
        }
    }

    private mutating func learn(_ queue: StageQueue, at now: UInt64) {
        guard let busy, let first = samples.first(where: { $0.at >= busy.since }) else { return }
        let (span, taken) = (now - first.at, Double(queue.taken - first.queue.taken))
        if span + Self.leastSpan >= Self.window {
            known = taken > 0 ? (taken / Double(span), now) : nil
        } else if let before = busy.before {
            known = ((before * Double(Self.window - span) + taken) / Double(Self.window), now)
        } else if span >= Self.leastSpan, taken > 0 {
            known = (taken / Double(span), now)
        }
    }
}
