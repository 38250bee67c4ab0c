public import EventLoop
internal import JSON
internal import Orders
internal import Redis

/// The entries of one stream that wait.
public struct StreamLag: Sendable {
    /// The part of one group.
    public struct Group: Sendable {
        public let name: String
        /// Entries never delivered to the group. If `lagKnown` is false, there are at least so many.
        public let lag: Int
        /// Whether `lag` is exact. It is not if Redis does not know the lag, for example after entries were deleted, and too many wait to be counted.
        public let lagKnown: Bool
        /// Entries delivered and not acknowledged.
        public let pending: Int
        /// Age of the oldest entry never delivered, in ms.
        public let oldestWaitingMs: UInt64
        /// Age of the oldest entry not acknowledged, in ms since it was added.
        public let oldestPendingMs: UInt64
        /// Entries delivered since the stream began; nil if Redis does not know.
        public let entriesRead: Int?
        /// Consumers that Redis has in the group. Names of processes that have gone count until they are removed.
        public let knownConsumers: Int
        /// The largest number of entries that can wait if `lag` is not exact.
        var lagBound = 0
        /// Processes that serve the group, by their heartbeats.
        public var consumers = 0
        /// Entries delivered per second, between the last two samples.
        public var deliveredPerSecond = 0.0
        /// Seconds until the group has been given everything, at the rate of the last two samples; 0 if nothing waits, nil if nothing moves.
        public var drainSeconds: Double? { lag == 0 ? 0 : deliveredPerSecond > 0 ? Double(lag) / deliveredPerSecond : nil }
    }

    /// The short name: accepted, routed, events.
    public let stream: String
    public let key: String
    /// Entries in the stream, with finished ones that were not trimmed yet.
    public let length: Int
    public var groups: [Group]
}

/// How far the whole pipeline is behind.
public struct PipelineLag: Sendable {
    /// Each stream of each partition.
    public var streams: [StreamLag]
    /// Retries that wait, the due ones included.
    public let retriesWaiting: Int
    /// Retries whose time has come.
    public let retriesDue: Int
    public let deadLetters: Int
    /// The pause of the engine; nil if it takes orders.
    public let pause: PauseRecord?
    /// Entries on `accepted` that no router has been given, over all partitions.
    public var backlog: Int { .saturatingSum(groups(of: "accepted").map(\.lag)) }
    /// The backlog; if it is not known exactly, its upper bound.
    public var maxBacklog: Int { .saturatingSum(groups(of: "accepted").map { max($0.lag, $0.lagBound) }) }
    /// Events that are not in Postgres yet; if their number is not known exactly, its upper bound.
    public var maxUnstored: Int { .saturatingSum(groups(of: "events").flatMap { [max($0.lag, $0.lagBound), $0.pending] }) }
    /// Age of the oldest entry on `accepted` that no router has been given, in ms.
    public var oldestWaitingMs: UInt64 { groups(of: "accepted").map(\.oldestWaitingMs).max() ?? 0 }

    private func groups(of stream: String) -> [StreamLag.Group] { streams.filter { $0.stream == stream }.flatMap(\.groups) }
}

/// Measures the lag, and the rates from one sample to the next. Lag is computed nowhere else.
@ServiceActor
public final class LagSampler {
    private static let freshness = Duration.seconds(5)
    private let pipeline: OrderPipeline
    private var last: [String: (read: Int, at: MonotonicInstant)] = [:]
    public private(set) var latest: PipelineLag?
    private var latestAt = MonotonicInstant.now
    /// The last sample; nil if Redis has not answered for some seconds.
    public var fresh: PipelineLag? { latestAt.elapsed < Self.freshness ? latest : nil }
    /// Called with each sample and the processes that were alive then.
    public var onSample: (@ServiceActor (PipelineLag, [ServiceInstance]) -> Void)?

    /// A sampler of all partitions.
    public init(pipeline: OrderPipeline) { self.pipeline = pipeline }

    /// Samples once per second until the task is cancelled.
    public func run() async {
        while !Task.isCancelled {
            _ = try? await sample()
            try? await sleep(for: .seconds(1))
        }
    }

    /// Reads the lag of all streams now. `latest` keeps the last one that could be read.
    public func sample() async throws(PipelineError) -> PipelineLag {
        var lag = try await pipeline.lag()
        let now = MonotonicInstant.now
        let instances = try await pipeline.instances()
        let services = Dictionary(grouping: instances, by: \.service).mapValues(\.count)
        let consumers = ["router": services["router"], "executor": services["executor"], persistGroup: services["notifier"]]
        for index in lag.streams.indices {
            for group in lag.streams[index].groups.indices {
                var entry = lag.streams[index].groups[group]
                entry.consumers = (consumers[entry.name] ?? nil) ?? 0
                entry.deliveredPerSecond = rate(of: entry, key: lag.streams[index].key, now)
                lag.streams[index].groups[group] = entry
            }
        }
        latest = lag
        latestAt = now
        onSample?(lag, instances)
        return lag
    }

    /// A sample less than half a second after the last keeps the base of the last rate, so that two readers do not disturb each other.
    private func rate(of group: StreamLag.Group, key: String, _ now: MonotonicInstant) -> Double {
        guard let read = group.entriesRead else { return 0 }
        let name = key + " " + group.name
        guard let before = last[name] else {
            last[name] = (read, now)
            return 0
        }
        let seconds = (now - before.at).seconds
        guard seconds > 0 else { return 0 }
        if seconds >= 0.5 { last[name] = (read, now) }
        return max(0, Double(read - before.read)) / seconds
    }
}

extension OrderPipeline {
    /// How many entries are counted per group and sample if Redis does not know how many wait. Redis copies each of them whole for that.
    private static let maxCounted = 200

    /// Reads the lag from Redis. Rates and consumers stay zero.
    func lag() async throws(PipelineError) -> PipelineLag {
        let now = String(try await time())
        let parts = try await inEach(partitions) { keys throws(PipelineError) in
            PipelineLag(
                streams: try await self.streams(keys), retriesWaiting: try await self.send(["ZCARD", keys.retries]).count,
                retriesDue: try await self.send(["ZCOUNT", keys.retries, "-inf", now]).count,
                deadLetters: try await self.send(["XLEN", keys.dead]).count, pause: nil)
        }
        return PipelineLag(
            streams: parts.flatMap(\.streams), retriesWaiting: parts.reduce(0) { $0 + $1.retriesWaiting },
            retriesDue: parts.reduce(0) { $0 + $1.retriesDue }, deadLetters: parts.reduce(0) { $0 + $1.deadLetters }, pause: try await currentPause())
    }

    private func streams(_ keys: Keys) async throws(PipelineError) -> [StreamLag] {
        var streams: [StreamLag] = []
        for (name, key) in [("accepted", keys.accepted), ("routed", keys.routed), ("events", keys.events)] {
            streams.append(StreamLag(name: name, key: key, reply: try await run(Scripts.lag, keys: [key], [String(Self.maxCounted)])))
        }
        return streams
    }
}

extension StreamLag {
    fileprivate init(name: String, key: String, reply: RedisValue) {
        let values = reply.array ?? []
        let now = values.first?.milliseconds ?? 0
        stream = name
        self.key = key
        length = values.count > 1 ? values[1].count : 0
        groups = (values.count > 3 ? values[3].array ?? [] : []).compactMap { row in
            guard let group = row.array, group.count == 9 else { return nil }
            let read = group[6].integer ?? -1
            return Group(
                name: group[0].string ?? "", lag: group[1].count, lagKnown: group[2].integer == 1, pending: group[3].count,
                oldestWaitingMs: Self.age(group[4].string, now), oldestPendingMs: Self.age(group[5].string, now),
                entriesRead: read < 0 ? nil : group[6].count, knownConsumers: group[7].count, lagBound: group[8].count)
        }
    }

    /// The age of an entry by the time in its id.
    private static func age(_ id: String?, _ now: UInt64) -> UInt64 {
        guard let time = id.flatMap(StreamPosition.milliseconds(of:)) else { return 0 }
        return now > time ? now - time : 0
    }
}

extension PipelineLag {
    /// The answer of `GET /api/streams`.
    public var json: String {
        JSONWriter.object { writer in
            writer.array("streams") { list in for stream in streams { stream.write(to: &list) } }
            writer.object("retries") {
                $0.field("waiting", retriesWaiting)
                $0.field("due", retriesDue)
            }
            writer.field("deadLetters", deadLetters)
            writer.raw("door", PauseRecord.json(of: pause))
        }
    }
}

extension StreamLag {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("stream", stream)
            $0.field("key", key)
            $0.field("length", length)
            $0.array("groups") { list in for group in groups { group.write(to: &list) } }
        }
    }
}

extension StreamLag.Group {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("group", name)
            $0.field("lag", lag)
            $0.field("lagKnown", lagKnown)
            $0.field("pending", pending)
            $0.field("oldestWaitingMs", oldestWaitingMs)
            $0.field("oldestPendingMs", oldestPendingMs)
            $0.field("consumers", consumers)
            $0.number("deliveredPerSecond", Self.tenths(deliveredPerSecond))
            $0.number("drainSeconds", drainSeconds.map(Self.tenths) ?? "null")
        }
    }

    private static func tenths(_ value: Double) -> String {
        let tenths = Int(min(value * 10, 1e15).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
