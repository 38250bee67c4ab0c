internal import EventLoop
internal import Orders
internal import Redis

/// Reads one stream for one consumer of a group. It reads new entries over its own connection and claims entries over the shared one.
@ServiceActor
final class GroupReader {
    /// Entries that one search for retries looks at: about a millisecond of Redis.
    private static let overtakingPage = 500
    /// Entries that one script renews or hands back: about a millisecond of Redis.
    private static let page = 250

    let keys: Keys
    let stream: String
    let group: String
    let consumer: String
    private let pipeline: OrderPipeline
    private let reader: RedisReader
    private let observer: any StreamObserver
    /// How far `overtake` has searched.
    private var overtaken = "0-0"
    private var backoff = Backoff(first: .milliseconds(50), max: .seconds(2))

    init(pipeline: OrderPipeline, reader: RedisReader, keys: Keys, stream: String, group: String, consumer: String, observer: any StreamObserver) {
        self.pipeline = pipeline
        self.reader = reader
        self.keys = keys
        self.stream = stream
        self.group = group
        self.consumer = consumer
        self.observer = observer
    }

    /// At most `count` new entries; none if nothing came within `block` or Redis is away. If a read fails, it waits before it returns, so that the
    /// caller does not spin.
    func read(count: Int, block: Duration) async -> [StreamEntry] {
        let milliseconds = max(1, block.millisecondsRoundedUp)
        let command = [
            "XREADGROUP", "GROUP", group, consumer, "COUNT", String(count), "BLOCK", String(milliseconds), "STREAMS", stream, ">",
        ]
        do {
            let reply = try await reader.send(command, timeout: block + .seconds(2))
            backoff.reset()
            return StreamEntry.list(readGroup: reply)
        } catch {
            await recover(from: error)
            return []
        }
    }

    /// Claims at most `max` entries that have been idle for `idle`, without those in hand. Takes suspects only if `takesSuspects` is set: half of
    /// those with equally many deliveries, or one alone. Also answers whether suspects were left because they may not be taken.
    ///
    /// - Parameters:
    ///   - lost: entries that are in hand still though others own them. They are left to others.
    ///   - inHand: all entries in hand. Redis is told of them only if it finds an idle entry of this consumer, as after a jump of its clock.
    func claim(
        idle: Duration, max: Int, _ suspicion: Suspicion, takesSuspects: Bool, lost: [String] = [], inHand: [String]
    ) async throws(PipelineError) -> (entries: [StreamEntry], leavesSuspects: Bool) {
        let options = [
            group, consumer, String(idle.millisecondsRoundedUp), String(max), String(suspicion.from), String(suspicion.aloneFrom),
            takesSuspects ? "1" : "0",
        ]
        var answer = try await pipeline.run(Scripts.claim, keys: [stream], options + ["0"] + lost).array ?? []
        if answer.first?.integer == 2 { answer = try await pipeline.run(Scripts.claim, keys: [stream], options + ["1"] + inHand).array ?? [] }
        return (StreamEntry.list(claimed: .array(Array(answer.dropFirst()))), answer.first?.integer == 1)
    }

    /// At most `max` retries that wait behind first attempts. The group is given them once more when it comes to them.
    func overtake(max: Int, name: String) async throws(PipelineError) -> [StreamEntry] {
        let reply = try await pipeline.run(
            Scripts.overtake, keys: [stream],
            [group, consumer, name, keys.orderPrefix, overtaken, String(Self.overtakingPage), String(max)])
        let answer = reply.array ?? []
        overtaken = answer.first?.string ?? overtaken
        return StreamEntry.list(claimed: .array(Array(answer.dropFirst())))
    }

    /// Resets the idle time of the entries in hand, a page at a time. Returns those that another consumer has taken over, and those that are over:
    /// this consumer or another has finished them meanwhile.
    func renew(_ entries: [String]) async throws(PipelineError) -> (lost: [String], over: [String]) {
        var (lost, over) = ([String](), [String]())
        // In the order of the stream, so that the script finds a page in one look.
        let entries = Self.inOrder(entries) { $0 }
        for start in stride(from: 0, to: entries.count, by: Self.page) {
            let page = entries[start..<min(start + Self.page, entries.count)]
            let reply = try await pipeline.run(Scripts.renew, keys: [stream], [group, consumer] + page).array ?? []
            lost += (reply.first?.array ?? []).compactMap { $0.string }
            over += (reply.dropFirst().first?.array ?? []).compactMap { $0.string }
        }
        return (lost, over)
    }

    /// Hands back everything under this consumer's name, a page at a time; others can claim it at once. The counted starts of the entries in hand are
    /// taken off again.
    func release(_ inHand: [WorkEntry] = []) async {
        var (rest, after, count) = (Self.inOrder(inHand, \.entry)[...], nil as String?, 0)
        do throws(PipelineError) {
            repeat {
                let page = rest.prefix(Self.page)
                // A page ends with the last entry that it names, so that none behind it is handed back without its start.
                let end = page.count < rest.count ? page.last?.entry : nil
                let reply = try await pipeline.run(
                    Scripts.release, keys: [stream],
                    [group, consumer, keys.orderPrefix, after.map { "(" + $0 } ?? "-", end ?? "+", String(Self.page)]
                        + page.flatMap { [$0.entry, $0.orderID.description, $0.token] })
                count += reply.array?.first?.count ?? 0
                after = Self.later(reply.array?.last?.string, than: after)
                if let after { rest = rest.drop { StreamPosition($0.entry) <= StreamPosition(after) } }
            } while after != nil
        } catch {
            observer.failed(doing: "release", error: error)
        }
        if count > 0 { observer.released(stream: stream, count: count) }
    }

    /// The entry with which a page ended; nil if that was the last page, or if the pages would not come to an end.
    private static func later(_ end: String?, than before: String?) -> String? {
        guard let end, !end.isEmpty, before.map({ StreamPosition($0) < StreamPosition(end) }) ?? true else { return nil }
        return end
    }

    /// Elements in the order in which the stream has their entries.
    private static func inOrder<Element>(_ elements: [Element], _ entry: (Element) -> String) -> [Element] {
        elements.map { (StreamPosition(entry($0)), $0) }.sorted { $0.0 < $1.0 }.map(\.1)
    }

    /// Moves an entry to the dead letters. Returns the reason that was written; nil if the entry was no longer this consumer's, or if its start was
    /// counted.
    @discardableResult
    func bury(_ entry: StreamEntry, reason: String, name: String, order: OrderID? = nil, fails: Bool = false) async throws(PipelineError) -> String? {
        let id = order?.description ?? ""
        let reply = try await pipeline.run(
            Scripts.bury, keys: [stream, keys.dead, keys.events, keys.deadlines, keys.leaving, keys.orderPrefix + id],
            [name, group, consumer, entry.id, reason, id, fails ? "1" : "0", String(pipeline.settings.orderStateTTL)])
        guard let answer = reply.array, answer.count > 2, answer[0].string == "ok" else { return nil }
        observer.buried(entry: entry.id, stream: stream, order: order, reason: answer[2].string ?? reason)
        if answer.last?.integer == 1 { pipeline.reportEnd(order, .failed, code: FailureCode.poisoned.rawValue) }
        return answer[2].string
    }

    func close() { reader.close() }

    /// NOGROUP and UNBLOCKED mean that the stream or its group is gone. It makes them again, after a wait, so that the reader does not spin.
    private func recover(from error: RedisError) async {
        guard !Task.isCancelled else { return }
        observer.readFailed(stream: stream, error: error)
        try? await sleep(for: backoff.next())
        guard case .rejected(let prefix) = error.code, prefix == "NOGROUP" || prefix == "UNBLOCKED" else { return }
        if (try? await pipeline.createGroups(keys)) == true { observer.groupCreated(stream: stream) }
    }
}
