internal import EventLoop
public import Orders

/// The outcome of a step of an order, for metrics.
public struct StepReport: Sendable {
    public let step: OrderStep
    /// The stage that took it.
    public let stage: Stage
    /// `ok`, `again`, or the reason why nothing was written.
    public let outcome: String
    /// How long the entry waited on its stream. Nil unless the step was the first of its order in this stage and round.
    public let waited: Duration?
    /// How long the worker had the entry in hand. Nil unless the step was the last of its stage.
    public let worked: Duration?
}

/// The end of an order, for metrics.
public struct OrderEnd: Sendable, Equatable {
    /// confirmed, failed, cancelled or expired.
    public let status: OrderStatus
    /// Why the order failed; nil if it did not fail.
    public let code: String?
    /// The time from the order's acceptance, or from the mark that reached its price, to its end by the clock of Redis; nil if that is not known.
    public let age: Duration?

    public init(_ status: OrderStatus, code: String? = nil, age: Duration? = nil) {
        self.status = status
        self.code = code
        self.age = age
    }
}

extension OrderPipeline {
    /// Reports the outcome of a step to `onStep`.
    func report(_ request: StepRequest, _ entry: WorkEntry, outcome: String, at time: UInt64?) {
        let waited = !isClockSetBack && request.step.begins ? time.flatMap { entry.waited(until: $0) } : nil
        onStep?(
            StepReport(
                step: request.step, stage: entry.stage, outcome: outcome, waited: outcome == "ok" ? waited : nil,
                worked: outcome == "ok" && request.step.finishes ? entry.received.elapsed : nil))
    }

    /// Reports the end of an order to `onEnd`.
    ///
    /// - Parameter since: when it was set going; the time of its id if that is not known.
    func reportEnd(_ id: OrderID?, _ status: OrderStatus, code: String? = nil, at time: UInt64? = nil, since: UInt64? = nil) {
        let begun = since ?? id?.milliseconds
        let age = begun.flatMap { begun in time.map { Duration.milliseconds($0 > begun ? $0 - begun : 0) } }
        onEnd?(OrderEnd(status, code: code, age: age))
    }
}

extension WorkEntry {
    /// How long the entry had been on its stream, by the time in its id.
    fileprivate func waited(until time: UInt64) -> Duration? {
        guard let added = StreamPosition.milliseconds(of: entry) else { return nil }
        return .milliseconds(time > added ? time - added : 0)
    }
}
