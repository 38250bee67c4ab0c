public import EventLoop
public import Redis

/// How many replicas must have what an answer is built on, and how safely.
public struct ReplicaSettings: Sendable, Equatable {
    public var count: Int
    /// Whether a replica must have it on its disk, and the master too (`WAITAOF`, from Redis 7.2 on), or only in memory (`WAIT`).
    public var onDisk: Bool
    /// How long replicas may take.
    public var limit: Duration

    public init(count: Int, onDisk: Bool = false, limit: Duration = .milliseconds(300)) {
        (self.count, self.onDisk, self.limit) = (count, onDisk, limit)
    }
}

/// Holds an answer back until replicas have what it is built on: so a replica that takes over has it too.
///
/// It has a connection of its own. A wait holds up what follows on the same connection, and everything else need not wait.
@ServiceActor
public final class ReplicaBarrier {
    /// The connection. Its owner runs it.
    public let redis: RedisClient
    public let settings: ReplicaSettings

    public init(redis: RedisClient, settings: ReplicaSettings) { (self.redis, self.settings) = (redis, settings) }

    /// Runs a script, and waits until the replicas have what it has written, and everything before.
    ///
    /// Throws `.notReady` with an unknown outcome if too few replicas have it: it may be written, and may be lost. The caller runs the script again.
    func run(_ script: RedisScript, keys: [String], _ arguments: [String], timeout: Duration?) async throws(PipelineError) -> RedisValue {
        let reply: RedisValue
        let others: [Result<RedisValue, RedisError>]
        do throws(RedisError) {
            (reply, others) = try await redis.evaluate(script, keys: keys, arguments: arguments, before: [mark(keys[0]), wait], timeout: timeout)
        } catch {
            throw PipelineError(error)
        }
        try check(others, script.name)
        return reply
    }

    /// Sends a command that only reads, and waits until the replicas have what it has read. Throws as `run` does.
    func read(_ command: [String], of key: String, timeout: Duration?) async throws(PipelineError) -> RedisValue {
        let reply: RedisValue
        let others: [Result<RedisValue, RedisError>]
        do throws(RedisError) {
            // A write for which a full Redis has room too. Its key is there since the first script.
            let mark = ["PEXPIRE", Keys.barrier(of: key), "86400000"]
            let replies = try await redis.send(all: [command, mark, wait], timeout: timeout)
            (reply, others) = (try replies[0].get(), Array(replies.dropFirst()))
        } catch {
            throw PipelineError(error)
        }
        try check(others, command[0])
        return reply
    }

    private func check(_ replies: [Result<RedisValue, RedisError>], _ name: String) throws(PipelineError) {
        let have = try count(replies)
        guard have < settings.count else { return }
        throw PipelineError(.notReady, "\(have) of \(settings.count) replicas have it (\(name))", outcomeUnknown: true)
    }

    /// A write of its own. A script that is run again writes nothing, and Redis waits for the last write of the connection.
    private func mark(_ key: String) -> [String] { ["SET", Keys.barrier(of: key), "1"] }

    private var wait: [String] {
        let limit = String(settings.limit.millisecondsRoundedUp)
        return settings.onDisk ? ["WAITAOF", "1", String(settings.count), limit] : ["WAIT", String(settings.count), limit]
    }

    /// How many replicas have acknowledged.
    private func count(_ replies: [Result<RedisValue, RedisError>]) throws(PipelineError) -> Int {
        do throws(RedisError) {
            _ = try replies[0].get()
            let reply = try replies[1].get()
            guard let parts = reply.array else { return Int(reply.integer ?? 0) }
            // First whether the master itself has it on its disk.
            return parts.count == 2 && parts[0].integer == 1 ? Int(parts[1].integer ?? 0) : 0
        } catch {
            throw PipelineError(error, outcomeUnknown: true)
        }
    }
}
