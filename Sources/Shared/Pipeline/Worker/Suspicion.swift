/// Decides when an entry that comes again and again is suspected of crashing its process. A shutdown does not count: it takes its delivery off again.
struct Suspicion: Sendable {
    /// Earlier deliveries from which on an entry is a suspect; 0 if no entry ever is.
    let from: Int
    /// Earlier deliveries from which on a suspect is taken alone, because its next start is the last one allowed.
    let aloneFrom: Int

    /// Nothing is ever suspected.
    static let none = Suspicion(from: 0, aloneFrom: 0)

    private init(from: Int, aloneFrom: Int) {
        self.from = from
        self.aloneFrom = aloneFrom
    }

    /// One crash makes no suspects. After a second one the entries in hand are suspects. With few starts the suspicion comes earlier, so that a
    /// blameless order is not started for the last time together with a guilty one. With a single start no suspicion comes in time.
    init(maxStarts: Int) {
        let last = max(1, maxStarts - 1)
        self.init(from: min(2, last), aloneFrom: last)
    }

    /// Whether an entry with so many deliveries, this one included, is a suspect.
    func isSuspect(deliveries: Int) -> Bool { from > 0 && deliveries > from }

    /// Whether an entry with so many deliveries, this one included, has no further start.
    func isOnLastStart(deliveries: Int) -> Bool { from > 0 && deliveries > aloneFrom }
}
