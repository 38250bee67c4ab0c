/// Why a worker drops an entry: another worker has it, or nothing is left to do.
public enum DropReason: String, Sendable, CaseIterable {
    /// The entry is no longer pending: another worker has finished it.
    case stale
    /// Another consumer owns the entry: the claim was lost.
    case fenced
    /// The order is past what the entry stands for; the entry is acknowledged.
    case duplicate
    /// There is no such order. If the step begins, the entry becomes a dead letter.
    case unknown
    /// The order is not yet where the entry says. If the step begins, the entry becomes a dead letter.
    case conflict
    /// The step ended the order instead (deadline, too many starts), or its entry became a dead letter.
    case ended
}

/// The outcome of an entry's first step.
public enum BeginOutcome: Sendable {
    /// The worker may move the order on, from the beginning or from where another worker left it.
    case work(Work)
    /// Nothing to do.
    case drop(DropReason)
}

/// The outcome of a later step.
public enum StepOutcome: Sendable {
    /// The transition was written.
    case written
    /// The order is in the target state already. Go on with the fields of its hash.
    case again(Work)
    /// Nothing was written for this worker.
    case drop(DropReason)
}
