/// When an entry that comes again and again is suspected of ending whoever touches it. Shutdowns do not count: what they hand back is as before.
struct Suspicion: Sendable {
    /// Deliveries before, from which on an entry is a suspect; 0 where none ever is.
    let from: Int
    /// Deliveries before, from which on a suspect is taken alone, because its next start is the last one that it is allowed.
    let aloneFrom: Int

    /// Nothing is ever suspected.
    static let none = Suspicion(from: 0, aloneFrom: 0)

    private init(from: Int, aloneFrom: Int) {
        self.from = from
        self.aloneFrom = aloneFrom
    }

    /// One crash is nobody's fault; after a second one what was in hand is suspected, but never so late that an order that is blameless would be
    /// started for the last time beside one that is not.
    init(maxStarts: Int) {
        let last = max(1, maxStarts - 1)
        self.init(from: min(2, last), aloneFrom: last)
    }

    /// Whether an entry with that many deliveries, this one included, is a suspect.
    func isSuspect(deliveries: Int) -> Bool { from > 0 && deliveries > from }

    /// Whether an entry with that many deliveries, this one included, has no further start.
    func isOnLastStart(deliveries: Int) -> Bool { from > 0 && deliveries > aloneFrom }
}
