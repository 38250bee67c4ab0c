import Testing

/// How much may go wrong in one exploration. Deliveries, claims, sends and what the chain does are not bounded.
struct Bounds: Sendable, CustomTestStringConvertible {
    let name: String
    var attempts: UInt8 = 2
    var staleQuotes: UInt8 = 1
    var starts: UInt8 = 2
    /// Processes killed, or stopped and handing back.
    var crashes: UInt8 = 0
    /// Replies that never come: the worker asks again, or dies without knowing.
    var lostReplies: UInt8 = 0
    /// Entries of the order under another id.
    var duplicates: UInt8 = 0
    /// Steps that a dead connection still delivers, long after.
    var strays: UInt8 = 0
    var cancels: UInt8 = 0
    var deadlines: UInt8 = 0
    /// Entries given up because they were delivered too often.
    var burials: UInt8 = 0

    var testDescription: String { name }
}
