internal import Orders
internal import Pipeline

/// The activity in one slice of time.
struct ActivityPoint: Sendable, Equatable {
    static let streams = ["accepted", "routed", "events"]

    /// The beginning of the slice, in ms since 1970 by the clock of Redis.
    let at: UInt64
    /// The largest number of entries that waited on each of `streams`, over all partitions.
    private(set) var waiting = Array(repeating: 0, count: ActivityPoint.streams.count)
    private(set) var ended = EndTally()
    private var rates = Array(repeating: 0.0, count: ActivityPoint.streams.count)
    private var samples = 0

    init(at: UInt64) { self.at = at }

    /// Entries delivered per second from each of `streams`: the mean over the samples.
    var perSecond: [Double] { rates.map { samples == 0 ? 0 : $0 / Double(samples) } }

    mutating func add(_ lag: PipelineLag, ended more: EndTally) {
        samples += 1
        ended = ended + more
        for (index, name) in Self.streams.enumerated() {
            let groups = lag.streams.filter { $0.stream == name }.flatMap(\.groups)
            waiting[index] = max(waiting[index], groups.reduce(0) { $0 + $1.lag })
            rates[index] += groups.reduce(0) { $0 + $1.deliveredPerSecond }
        }
    }

    mutating func add(_ other: ActivityPoint) {
        samples += other.samples
        ended = ended + other.ended
        for index in waiting.indices {
            waiting[index] = max(waiting[index], other.waiting[index])
            rates[index] += other.rates[index]
        }
    }
}

/// The last hour in slices of five seconds, at most 720 of them: the history that a chart shows when it is opened.
///
/// Each gateway keeps its own history, from the samples of the lag and the counts in the heartbeats. So any two gateways show nearly the same.
struct Activity {
    /// Length of a slice, in ms.
    static let slice: UInt64 = 5_000
    static let kept: UInt64 = 3_600_000
    /// How many processes' counts are remembered. Above that, the processes unseen for the longest are forgotten first.
    private static let maxRemembered = 1_000

    private var points: [ActivityPoint] = []
    private var counted: [String: (tally: EndTally, seen: UInt64)] = [:]
    private var hasBegun = false

    /// Adds a sample. Ends that a process had counted before this history began do not count.
    mutating func add(_ lag: PipelineLag, _ instances: [ServiceInstance], at now: UInt64) {
        var ended = EndTally()
        for instance in instances {
            guard let tally = instance.fields["ended"].flatMap({ EndTally(parsing: $0) }) else { continue }
            if hasBegun { ended = ended + (counted[instance.name].map { tally.since($0.tally) } ?? tally) }
            counted[instance.name] = (tally, now)
        }
        hasBegun = true
        forget()
        let start = now - now % Self.slice
        // If the clock was set back, the sample goes into the newest slice.
        if points.last.map({ $0.at < start }) ?? true { points.append(ActivityPoint(at: start)) }
        points[points.count - 1].add(lag, ended: ended)
        points.removeAll { $0.at + Self.kept <= start }
    }

    /// The slices that begin at or after `time`, combined into slices of `step` ms (a multiple of `slice`).
    func points(since time: UInt64, step: UInt64) -> [ActivityPoint] {
        var result: [ActivityPoint] = []
        for point in points where point.at >= time {
            let start = point.at - point.at % step
            if result.last?.at != start { result.append(ActivityPoint(at: start)) }
            result[result.count - 1].add(point)
        }
        return result
    }

    /// Forgets a quarter at once, so that the processes need not be sorted at each sample when many come and go.
    private mutating func forget() {
        guard counted.count > Self.maxRemembered else { return }
        let byAge = counted.map { (seen: $0.value.seen, name: $0.key) }.sorted { $0.seen < $1.seen }
        for (_, name) in byAge.prefix(counted.count - Self.maxRemembered * 3 / 4) { counted[name] = nil }
    }
}
