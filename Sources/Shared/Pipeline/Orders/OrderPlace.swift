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

    /// A limit that no order reaches, far from overflow.
    private static let mostRounds = 1_000_000

    /// Reads the text of the field; nil for anything else.
    public init?(_ text: String) {
        var rest = text.utf8[...]
        guard let state = Self.word(&rest).flatMap({ OrderState(rawValue: String(Substring($0))) }),
            let round = Self.number(&rest, upTo: Self.mostRounds), let attempt = Self.number(&rest, upTo: Self.mostRounds),
            let seq = Self.number(&rest, upTo: Seq.max), let at = Self.word(&rest).flatMap({ UInt64(digits: $0) }), at <= .latestTime
        else { return nil }
        self.state = state
        self.round = round
        self.attempt = attempt
        self.seq = seq
        self.at = at
        entry = String(Substring(rest))
    }

    /// Takes the text before the next space, and the space; nil if there is no space.
    private static func word(_ rest: inout Substring.UTF8View) -> Substring.UTF8View? {
        guard let end = rest.firstIndex(of: UInt8(ascii: " ")) else { return nil }
        defer { rest = rest[rest.index(after: end)...] }
        return rest[..<end]
    }

    private static func number(_ rest: inout Substring.UTF8View, upTo limit: Int) -> Int? {
        word(&rest).flatMap { UInt64(digits: $0) }.flatMap { $0 <= UInt64(limit) ? Int($0) : nil }
    }
}
