/// A safety check that is left out, to see that the exploration notices.
enum Mutation: UInt8, CaseIterable, Sendable {
    /// The script does not ask who owns the entry.
    case dropFence
    /// The script does not compare what the entry stands for with the state of the order.
    case dropCompare
    /// The script does not ask in which state the worker has seen the order.
    case dropSeenState
    /// The script asks neither. Each check alone keeps a frozen worker from doing harm.
    case dropFenceAndSeenState
    /// A second `submit` writes its own transaction over the first.
    case submitTwice
    /// A worker that resumes at `submitted` signs anew and sends that, and not the bytes in the hash.
    case resignInsteadOfResend
    /// A signature without a trace counts as expired before its last valid slot is over.
    case signBeforeExpiry
    /// A signature counts as expired when its last valid slot is over, without a look after that.
    case expireWithoutLook
    /// The transaction is sent before it is written down.
    case sendBeforeSubmit
    /// The entry is acknowledged first, and the transition is written after that.
    case ackBeforeWrite
    /// The transition is written first, and the entry on the next stream is added after that.
    case handOnApart
    /// The transition is written first, and its events after that.
    case eventsApart
    /// A submitted order can be cancelled.
    case cancelSubmitted
    /// A deadline also ends a submitted order.
    case sweepSubmitted
    /// Too many starts also end a submitted order.
    case poisonSubmitted
    /// A due retry is handed back, whatever stands for the order meanwhile.
    case promoteBlindly
    /// A usual step is taken for a worker that does not own the entry.
    case usualForStranger
    /// A usual step is taken wherever the order is by now.
    case usualUnseen
    /// A usual step is taken after the deadline.
    case usualPastDeadline
    /// A usual step that ends an order leaves it among the open orders of its account.
    case usualUncounted
    /// To wait for its price again counts as an attempt.
    case restUsesAttempt

    var dropsFence: Bool { self == .dropFence || self == .dropFenceAndSeenState }
    var dropsSeenState: Bool { self == .dropSeenState || self == .dropFenceAndSeenState }
}
