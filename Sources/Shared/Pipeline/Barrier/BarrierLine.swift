internal import EventLoop
internal import Redis

/// Waits for the replicas of one master. All that comes during a wait goes with the next one.
@ServiceActor
final class BarrierLine {
    private typealias Request = (command: [String], mark: String)

    /// Reads that share a wait.
    private static let most = 128

    let master: RedisNode
    private let settings: ReplicaSettings
    /// Called when a key has another master now.
    private let onMoved: @ServiceActor () -> Void
    private var lastMark = ""
    /// Why the last wait has failed; nil if it has not.
    private(set) var shortage: String?
    private lazy var reads = Batcher<Request, Result<RedisValue, PipelineError>>(max: Self.most) { [unowned self] requests throws(PipelineError) in
        try await wait(requests)
    }

    init(_ master: RedisNode, _ settings: ReplicaSettings, onMoved: @escaping @ServiceActor () -> Void) {
        (self.master, self.settings, self.onMoved) = (master, settings, onMoved)
    }

    /// Reads with the next wait. `mark` is a key that the wait may write to.
    func read(_ command: [String], _ mark: String, within limit: Duration?) async throws(PipelineError) -> RedisValue {
        try await reads.ask((command, mark), within: limit).get()
    }

    /// Waits once more, to find out whether the shortage has passed.
    func probe() async {
        guard !lastMark.isEmpty else { return }
        _ = try? await reads.ask((["EXISTS", lastMark], lastMark))
    }

    private func wait(_ requests: [Request]) async throws(PipelineError) -> [Result<RedisValue, PipelineError>] {
        lastMark = requests[0].mark
        var replies = try await send(requests)
        if case .failure(let error) = replies[requests.count], error.code == .rejected("NOSCRIPT") {
            do { try await master.load(Scripts.mark) } catch { throw PipelineError(error, outcomeUnknown: true) }
            replies = try await send(requests)
        }
        let have = try acknowledged(replies[requests.count], replies[requests.count + 1])
        guard have >= settings.count else {
            shortage = "\(have) of \(settings.count) replicas of Redis at \(master.endpoint) have what they should (REDIS_REPLICAS)"
            throw PipelineError(.notReady, shortage ?? "", outcomeUnknown: true)
        }
        shortage = nil
        return replies.prefix(requests.count).map { $0.mapError { PipelineError($0, outcomeUnknown: true) } }
    }

    /// Redis waits for the last write of a connection, so there is one: a mark, for which a full Redis has room too.
    private func send(_ requests: [Request]) async throws(PipelineError) -> [Result<RedisValue, RedisError>] {
        let limit = String(settings.limit.millisecondsRoundedUp)
        let wait = settings.onDisk ? ["WAITAOF", "1", String(settings.count), limit] : ["WAIT", String(settings.count), limit]
        do {
            return try await master.send(all: requests.map(\.command) + [["EVALSHA", Scripts.mark.sha, "1", lastMark], wait])
        } catch {
            throw PipelineError(error, outcomeUnknown: true)
        }
    }

    /// How many replicas have acknowledged.
    private func acknowledged(_ mark: Result<RedisValue, RedisError>, _ wait: Result<RedisValue, RedisError>) throws(PipelineError) -> Int {
        do throws(RedisError) {
            _ = try mark.get()
            let reply = try wait.get()
            guard let parts = reply.array else { return Int(reply.integer ?? 0) }
            // First whether the master itself has it on its disk.
            return parts.count == 2 && parts[0].integer == 1 ? Int(parts[1].integer ?? 0) : 0
        } catch {
            if error.rejection == "MOVED" || error.rejection == "ASK" { onMoved() }
            let isElsewhere = ["MOVED", "ASK"].contains(error.rejection)
            throw isElsewhere ? PipelineError(.notReady, error.message, outcomeUnknown: true) : PipelineError(error, outcomeUnknown: true)
        }
    }
}
