internal import Orders

extension [Quote] {
    /// The legs of an order, largest input first; of equal ones by their names.
    var largestFirst: [Quote] { sorted { ($1.amountIn, $0.dex, $0.pool) < ($0.amountIn, $1.dex, $1.pool) } }

    /// Notes the time of the pool data that the legs were computed from, in ms of Redis' time, and its age.
    mutating func stamp(quotedAt time: UInt64, ageMs: UInt64?) {
        for index in indices { (self[index].quotedAt, self[index].ageMs) = (time, ageMs) }
    }
}
