/// Why a worker drops what it has in hand: somebody else has it, or nothing is left to do.
public enum DropReason: String, Sendable, CaseIterable {
    /// The entry is not pending any more: somebody finished it.
    case stale
    /// Another consumer owns the entry: the claim was lost.
    case fenced
    /// The order is past what the entry stands for; the entry is acknowledged.
    case duplicate
    /// There is no such order; an entry that begins is put with the dead letters.
    case unknown
    /// The order is not yet where the entry says; an entry that begins is put with the dead letters.
    case conflict
    /// The step ended the order instead (deadline, poison) or parked its entry.
    case ended
}

/// What became of an entry's first step.
public enum BeginOutcome: Sendable {
    /// The order is this worker's to move on, from the start or from where another left it.
    case work(Work)
    /// Nothing to do.
    case drop(DropReason)
}

/// What became of a later step.
public enum StepOutcome: Sendable {
    /// The transition was written.
    case written
    /// The order is in the target state already: go on with what its hash holds.
    case again(Work)
    /// Nothing was written for this worker.
    case drop(DropReason)
}
