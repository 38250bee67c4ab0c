internal import EventLoop
public import Orders

/// Counts how many orders ended, how, and after how long. Tallies can be added and subtracted. So the counts of each process since its start give the
/// ends of one second over all processes.
///
/// Times fall into 176 buckets, eight for each doubling. A median or a 95th percentile is right within a sixteenth, in a few bytes.
public struct EndTally: Sendable, Equatable {
    /// The largest count of a process. A text with a larger number is not a tally.
    private static let maxNumber = 1_000_000_000_000
    private static let buckets = 176
    private static let statuses: [OrderStatus] = [.confirmed, .failed, .cancelled, .expired]

    private var ends: [Int]
    private var times: [Int]

    public init() {
        ends = Array(repeating: 0, count: Self.statuses.count)
        times = Array(repeating: 0, count: Self.buckets)
    }

    /// Counts an end. Only the time of a confirmed order counts: orders that are refused at once would make the engine look fast.
    public mutating func count(_ end: OrderEnd) {
        guard let index = Self.statuses.firstIndex(of: end.status) else { return }
        ends[index] += 1
        if end.status == .confirmed, let age = end.age { times[Self.bucket(of: age.millisecondsRoundedUp)] += 1 }
    }

    public func ended(_ status: OrderStatus) -> Int { Self.statuses.firstIndex(of: status).map { ends[$0] } ?? 0 }

    /// The time in ms within which this share (in per cent) of the confirmed orders ended; nil if there are none.
    public func milliseconds(percentile: Int) -> Int? {
        let total = times.reduce(0, +)
        guard total > 0 else { return nil }
        let rank = max(1, (total * min(max(0, percentile), 100) + 99) / 100)
        var seen = 0
        for (bucket, count) in times.enumerated() {
            seen += count
            if seen >= rank { return Self.middle(of: bucket) }
        }
        return nil
    }

    public static func + (one: EndTally, other: EndTally) -> EndTally { one.combined(other) { min($0 + $1, maxNumber) } }

    /// The ends since `earlier`. If `earlier` has more, the process has started anew, and all of this tally is new.
    public func since(_ earlier: EndTally) -> EndTally {
        let restarted = zip(ends + times, earlier.ends + earlier.times).contains { $0 < $1 }
        return restarted ? self : combined(earlier) { $0 - $1 }
    }

    private func combined(_ other: EndTally, _ operation: (Int, Int) -> Int) -> EndTally {
        var result = EndTally()
        result.ends = zip(ends, other.ends).map(operation)
        result.times = zip(times, other.times).map(operation)
        return result
    }
}

extension EndTally {
    /// The text for a heartbeat's field: the counts, then bucket and count of each time, `12 1 0;64:7,65:5`. An earlier version reads three counts,
    /// so that of the orders that expired is there only if there are any.
    public var text: String {
        let known = times.enumerated().filter { $0.element > 0 }.map { "\($0.offset):\($0.element)" }
        let counts = ends.last == 0 ? ends.dropLast() : ends[...]
        return counts.map(String.init).joined(separator: " ") + ";" + known.joined(separator: ",")
    }

    /// Reads the text of another process; nil if it is not a tally.
    public init?(parsing text: String) {
        self.init()
        let parts = text.split(separator: ";", omittingEmptySubsequences: false)
        let counts = parts.first?.split(separator: " ").compactMap { Self.number($0) } ?? []
        guard parts.count == 2, ends.count - 1...ends.count ~= counts.count else { return nil }
        ends = counts + Array(repeating: 0, count: ends.count - counts.count)
        for pair in parts[1].split(separator: ",") {
            let numbers = pair.split(separator: ":", omittingEmptySubsequences: false).map { Self.number($0) }
            guard numbers.count == 2, let bucket = numbers[0], let count = numbers[1], times.indices.contains(bucket) else { return nil }
            times[bucket] = count
        }
    }

    private static func number(_ text: Substring) -> Int? { Int(text).flatMap { (0...maxNumber).contains($0) ? $0 : nil } }

    /// Below 8 ms each value has its own bucket. Above that, the three bits after the highest choose one of eight within a doubling.
    private static func bucket(of milliseconds: Int64) -> Int {
        let value = UInt64(max(0, milliseconds))
        guard value >= 8 else { return Int(value) }
        let octave = 63 - value.leadingZeroBitCount
        return min(buckets - 1, (octave - 2) * 8 + Int((value >> UInt64(octave - 3)) & 7))
    }

    private static func middle(of bucket: Int) -> Int {
        guard bucket >= 8 else { return bucket }
        let octave = bucket / 8 + 2
        let width = 1 << (octave - 3)
        return (8 + bucket % 8) * width + width / 2
    }
}
