public import Orders

/// How far an order is: the field `s` of its hash, `state round attempt seq at entry`.
public struct OrderPlace: Sendable, Hashable {
    public let state: OrderState
    /// The fencing number of the entry that stands for the order, from 1.
    public let round: Int
    /// The attempt, from 1.
    public let attempt: Int
    /// The seq of the newest event.
    public let seq: Int
    /// When that event happened, in ms of Redis' time.
    public let at: UInt64
    /// The entry that stands for the order, `accepted:1-0`, or its retry, `retries:routed:1000`; empty for none.
    public let entry: String

    /// Limits that no order reaches, far from overflow.
    private static let counts = 0...1_000_000

    /// Reads the text of the field; nil for anything else.
    public init?(_ text: String) {
        let words = text.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: false)
        guard words.count == 6, let state = OrderState(rawValue: String(words[0])), let round = Int(words[1]), Self.counts.contains(round),
            let attempt = Int(words[2]), Self.counts.contains(attempt), let seq = Int(words[3]), 0...Seq.max ~= seq, let at = UInt64(words[4]),
            at <= .latestTime
        else { return nil }
        self.state = state
        self.round = round
        self.attempt = attempt
        self.seq = seq
        self.at = at
        entry = String(words[5])
    }
}
