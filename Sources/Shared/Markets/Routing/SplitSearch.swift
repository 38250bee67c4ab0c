/// The search for the best shares of several takers of one token.
struct SplitSearch {
    /// Rounds over all pairs; far more than any real list needs.
    private static let maxRounds = 32

    let takers: [any ShareTaker]
    let time: UInt64

    /// The share of each taker of `total`; nil if no division can be filled.
    ///
    /// - Parameter start: the taker that has the whole at first; nil if none can take it.
    func shares(of total: UInt64, startingWith start: Int?) -> [UInt64]? {
        guard takers.count > 1 else { return nil }
        var shares = [UInt64](repeating: 0, count: takers.count)
        shares[start ?? 0] = total
        var isFeasible = start != nil
        for _ in 0..<Self.maxRounds {
            var hasMoved = false
            for left in takers.indices {
                for right in takers.indices where right > left && shares[left] + shares[right] > 0 {
                    let sum = shares[left] + shares[right]
                    let pair = PairSplit(first: takers[left], second: takers[right], time: time)
                    guard let division = pair.best(of: sum, startingAt: shares[left]) else { continue }
                    isFeasible = isFeasible || sum == total
                    if division.share == shares[left] { continue }
                    (shares[left], shares[right]) = (division.share, sum - division.share)
                    hasMoved = true
                }
            }
            if !hasMoved { break }
        }
        return isFeasible ? shares : nil
    }
}
