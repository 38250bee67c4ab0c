import Testing

/// How much may go wrong in one exploration. Deliveries, claims, sends and the actions of the chain are not bounded.
struct Bounds: Sendable, CustomTestStringConvertible {
    let name: String
    var attempts: UInt8 = 2
    var staleQuotes: UInt8 = 1
    var starts: UInt8 = 2
    /// Processes that are killed, or that stop and hand back.
    var crashes: UInt8 = 0
    /// Replies that never come: the worker asks again, or dies without knowing the outcome.
    var lostReplies: UInt8 = 0
    /// Entries of the order under another id.
    var duplicates: UInt8 = 0
    /// Steps that a dead connection still delivers, long after they were sent.
    var strays: UInt8 = 0
    var cancels: UInt8 = 0
    /// Times that the order waits for its price again.
    var rests: UInt8 = 0
    var deadlines: UInt8 = 0
    /// Entries that are given up because they were delivered too often.
    var burials: UInt8 = 0

    var testDescription: String { name }
}
