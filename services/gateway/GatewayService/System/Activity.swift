internal import Orders
internal import Pipeline

/// What happened in one slice of time.
struct ActivityPoint: Sendable, Equatable {
    static let streams = ["accepted", "routed", "events"]

    /// Its beginning, in ms since 1970 by the clock of Redis.
    let at: UInt64
    /// The most that waited on each of `streams`, over all partitions.
    private(set) var waiting = Array(repeating: 0, count: ActivityPoint.streams.count)
    /// The orders that ended.
    private(set) var ended = EndTally()
    private var rates = Array(repeating: 0.0, count: ActivityPoint.streams.count)
    private var samples = 0

    init(at: UInt64) { self.at = at }

    /// Entries delivered a second from each of `streams`: the mean over the samples.
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

/// The last hour in slices of five seconds, at most 720 of them: what a chart shows when somebody opens it.
///
/// Each gateway keeps its own, from the samples of the lag and from what every process counts in its heartbeat, so that any two tell nearly the same.
struct Activity {
    /// Length of a slice, in ms.
    static let slice: UInt64 = 5_000
    static let kept: UInt64 = 3_600_000
    /// Processes whose counts are remembered. Of those that are gone the ones unseen for the longest are forgotten first.
    private static let maxRemembered = 1_000

    private var points: [ActivityPoint] = []
    private var counted: [String: (tally: EndTally, seen: UInt64)] = [:]
    private var hasBegun = false

    /// Takes in a sample. What a process had counted before this history began is not of it.
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
        // A clock that was set back goes on in the newest slice.
        if points.last.map({ $0.at < start }) ?? true { points.append(ActivityPoint(at: start)) }
        points[points.count - 1].add(lag, ended: ended)
        points.removeAll { $0.at + Self.kept <= start }
    }

    /// The slices that begin at or after `time`, put together to slices of `step` ms (a multiple of `slice`).
    func points(since time: UInt64, step: UInt64) -> [ActivityPoint] {
        var result: [ActivityPoint] = []
        for point in points where point.at >= time {
            let start = point.at - point.at % step
            if result.last?.at != start { result.append(ActivityPoint(at: start)) }
            result[result.count - 1].add(point)
        }
        return result
    }

    /// Forgets a quarter at once, so that a crowd that comes and goes does not have all of them put in order at each sample.
    private mutating func forget() {
        guard counted.count > Self.maxRemembered else { return }
        let byAge = counted.map { (seen: $0.value.seen, name: $0.key) }.sorted { $0.seen < $1.seen }
        for (_, name) in byAge.prefix(counted.count - Self.maxRemembered * 3 / 4) { counted[name] = nil }
    }
}
