internal import EventLoop
public import Orders

/// How many orders ended, how, and after how long. Tallies add up and are taken from each other, so that what a process has counted since its start
/// becomes what happened in a second, over all processes.
///
/// Times fall into 176 buckets, eight for each doubling: a median or a 95th percentile is right within a sixteenth, in a few bytes.
public struct EndTally: Sendable, Equatable {
    /// A process may count this many of each; what claims to be more is no tally.
    private static let maxNumber = 1_000_000_000_000
    private static let buckets = 176
    private static let statuses: [OrderStatus] = [.confirmed, .failed, .cancelled]

    private var ends: [Int]
    private var times: [Int]

    /// Nothing counted yet.
    public init() {
        ends = Array(repeating: 0, count: Self.statuses.count)
        times = Array(repeating: 0, count: Self.buckets)
    }

    /// Counts an end. Only the time of a confirmed order counts: a refusal at once would make the engine look fast.
    public mutating func count(_ end: OrderEnd) {
        guard let index = Self.statuses.firstIndex(of: end.status) else { return }
        ends[index] += 1
        if end.status == .confirmed, let age = end.age { times[Self.bucket(of: age.millisecondsRoundedUp)] += 1 }
    }

    /// Orders that ended with this status.
    public func ended(_ status: OrderStatus) -> Int { Self.statuses.firstIndex(of: status).map { ends[$0] } ?? 0 }

    /// The time in ms within which this share (in hundredths) of the confirmed orders ended, nil where there is none.
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

    /// Both together.
    public static func + (one: EndTally, other: EndTally) -> EndTally { one.combined(other) { min($0 + $1, maxNumber) } }

    /// What has come since `earlier`; where that is more, the process counts anew and all of this is new.
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
    /// For a field of a heartbeat: the three counts, then bucket and count of each time, `12 1 0;64:7,65:5`.
    public var text: String {
        let known = times.enumerated().filter { $0.element > 0 }.map { "\($0.offset):\($0.element)" }
        return ends.map(String.init).joined(separator: " ") + ";" + known.joined(separator: ",")
    }

    /// Reads what another process wrote; nil where that is no tally.
    public init?(parsing text: String) {
        self.init()
        let parts = text.split(separator: ";", omittingEmptySubsequences: false)
        let counts = parts.first?.split(separator: " ").compactMap { Self.number($0) } ?? []
        guard parts.count == 2, counts.count == ends.count else { return nil }
        ends = counts
        for pair in parts[1].split(separator: ",") {
            let numbers = pair.split(separator: ":", omittingEmptySubsequences: false).map { Self.number($0) }
            guard numbers.count == 2, let bucket = numbers[0], let count = numbers[1], times.indices.contains(bucket) else { return nil }
            times[bucket] = count
        }
    }

    private static func number(_ text: Substring) -> Int? { Int(text).flatMap { (0...maxNumber).contains($0) ? $0 : nil } }

    /// Below 8 ms each has its own; above, the three bits after the highest choose within a doubling.
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
