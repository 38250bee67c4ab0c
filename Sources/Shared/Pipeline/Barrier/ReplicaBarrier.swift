public import EventLoop
public import Redis

/// Holds an answer back until replicas have what it is built on, so that a replica that takes over has it too.
///
/// What was written is read once more, on a connection of the barrier's own, with a wait for the replicas behind it. Both are at one server: so what
/// is read is at the replicas when the wait succeeds, and what a master has lost by then is not read. The wait holds up nothing but the barrier.
@ServiceActor
public final class ReplicaBarrier {
    private static let probeInterval = Duration.seconds(1)

    public let settings: ReplicaSettings
    /// The connection of the waits. `run` runs it.
    public let redis: RedisClient
    /// A line for each master, by its address.
    private var lines: [String: BarrierLine] = [:]

    public init(redis: RedisClient, settings: ReplicaSettings) { (self.redis, self.settings) = (redis, settings) }

    /// Keeps the connection until it is closed or the task is cancelled, and asks masters without enough replicas whether they have them again.
    public func run() async {
        let probing = Loop.spawn { await self.probe() }
        await redis.run()
        probing.cancel()
        await probing.value
    }

    /// Why nothing can pass, in words that anybody may see; nil if nothing is known against it.
    public var trouble: String? {
        guard redis.hasConnection else { return PipelineError(redis.unavailable).cause + ", as its replicas are asked" }
        return lines.values.lazy.compactMap(\.shortage).first
    }

    /// Throws `.notReady` if the master of a key had too few replicas when it was last asked, and has still. Asked before a write, so that nothing is
    /// written which could not be answered.
    func open(_ keys: Keys) async throws(PipelineError) {
        guard redis.hasConnection else { throw PipelineError(redis.unavailable) }
        let line = try line(of: keys.barrier)
        guard line.shortage != nil else { return }
        do { _ = try await line.read(["EXISTS", keys.barrier], keys.barrier, within: nil) } catch {
            // Nothing of the caller's was written yet.
            throw PipelineError(error.code, error.message, words: error.words)
        }
    }

    /// Sends a command that reads a key of a partition. Returns its reply once the replicas have what was read.
    ///
    /// Throws `.notReady` with an unknown outcome if too few replicas have it: it is written, and may be lost.
    func read(_ command: [String], in keys: Keys, within limit: Duration? = nil) async throws(PipelineError) -> RedisValue {
        try await read(command, at: keys.barrier, within: limit)
    }

    /// The same for any key, with a `mark` of its slot that the wait may write to.
    func read(_ command: [String], at mark: String, within limit: Duration? = nil) async throws(PipelineError) -> RedisValue {
        let line = try line(of: mark)
        do {
            return try await line.read(command, mark, within: limit)
        } catch {
            // The read may never have been sent. What it asks about is written all the same.
            throw PipelineError(error.code, error.message, outcomeUnknown: true, words: error.words)
        }
    }

    private func line(of key: String) throws(PipelineError) -> BarrierLine {
        let master: RedisNode
        do { master = try redis.master(of: key) } catch { throw PipelineError(error, outcomeUnknown: true) }
        if let line = lines[master.endpoint], line.master === master { return line }
        let line = BarrierLine(master, settings) { [redis] in redis.refreshMap() }
        lines[master.endpoint] = line
        return line
    }

    private func probe() async {
        while !Task.isCancelled {
            try? await sleep(for: Self.probeInterval)
            let masters = redis.masters
            lines = lines.filter { entry in masters.contains { $0 === entry.value.master } }
            for line in lines.values where line.shortage != nil { await line.probe() }
        }
    }
}
