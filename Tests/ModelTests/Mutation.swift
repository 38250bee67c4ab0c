/// A safety check left out, to see that the exploration notices.
enum Mutation: UInt8, CaseIterable, Sendable {
    /// The script does not ask who owns the entry.
    case dropFence
    /// The script does not compare what the entry stands for with where the order is.
    case dropCompare
    /// The script does not ask in which state the worker has seen the order.
    case dropSeenState
    /// Neither of these two: each alone keeps a frozen worker from doing harm.
    case dropFenceAndSeenState
    /// A second `submit` writes its own transaction over the first.
    case submitTwice
    /// Who resumes at `submitted` signs anew and sends that, instead of the bytes in the hash.
    case resignInsteadOfResend
    /// A signature without a trace counts as expired before its last valid slot is over.
    case signBeforeExpiry
    /// A signature counts as expired when its last valid slot is over, without a last look.
    case expireWithoutLook
    /// The transaction is sent before it is written down.
    case sendBeforeSubmit
    /// The entry is acknowledged by itself, the transition written after that.
    case ackBeforeWrite
    /// The transition is written, the entry on the next stream added after that.
    case handOnApart
    /// The transition is written, its events after that.
    case eventsApart
    /// A submitted order can be cancelled.
    case cancelSubmitted
    /// A deadline also ends a submitted order.
    case sweepSubmitted
    /// Too many starts end a submitted order too.
    case poisonSubmitted
    /// A due retry is handed back whatever stands for the order meanwhile.
    case promoteBlindly

    var dropsFence: Bool { self == .dropFence || self == .dropFenceAndSeenState }
    var dropsSeenState: Bool { self == .dropSeenState || self == .dropFenceAndSeenState }
}
