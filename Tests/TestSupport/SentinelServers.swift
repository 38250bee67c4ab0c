public import EventLoop
internal import Glibc

/// A master, a replica, and three Sentinels that fail over within a few seconds.
@ServiceActor
public final class SentinelServers {
    /// The name by which the Sentinels know the master.
    public static let name = "main"
    /// For how long tests wait for another master. A Sentinel whose machine stood still for two seconds decides nothing for the next thirty (Redis'
    /// TILT mode).
    public static let patience = Duration.seconds(60)

    /// The master of the beginning, and its replica.
    public let master: RedisServer
    public let replica: RedisServer
    private var sentinels: [(port: UInt16, process: ChildProcess)] = []
    private let directory: String

    /// Runs the servers while `body` runs.
    public static func with(_ body: @ServiceActor (SentinelServers) async throws -> Void) async throws {
        let servers = try await start()
        let result: Result<Void, any Error>
        do { result = .success(try await body(servers)) } catch { result = .failure(error) }
        try await servers.stop()
        try result.get()
    }

    /// Starts the servers, which the caller stops.
    public static func start(fsync: String = "everysec") async throws -> SentinelServers {
        let master = try await RedisServer.start(fsync: fsync)
        let replica = try await RedisServer.start(fsync: fsync, extraConfig: ["--replicaof", "127.0.0.1", String(master.port)])
        let servers = SentinelServers(master: master, replica: replica, directory: try temporaryDirectory("sentinels"))
        do { try await servers.start() } catch {
            try await servers.stop()
            throw error
        }
        return servers
    }

    private init(master: RedisServer, replica: RedisServer, directory: String) {
        (self.master, self.replica, self.directory) = (master, replica, directory)
    }

    /// The URL of the master, by the Sentinels.
    public var url: String { "redis+sentinel://\(sentinels.map { "127.0.0.1:\($0.port)" }.joined(separator: ","))/\(Self.name)" }

    /// The ports of the Sentinels.
    public var ports: [UInt16] { sentinels.map(\.port) }

    /// Ends one of the Sentinels.
    public func stopSentinel(_ index: Int) async throws { try await sentinels[index].process.stop(SIGKILL) }

    private func start() async throws {
        for number in 0..<3 {
            let (port, file) = (try freePort(), "\(directory)/\(number).conf")
            // A Sentinel writes what it learns into its file.
            try write(
                """
                port \(port)
                bind 127.0.0.1
                dir \(directory)
                sentinel monitor \(Self.name) 127.0.0.1 \(master.port) 2
                sentinel down-after-milliseconds \(Self.name) 2000
                sentinel failover-timeout \(Self.name) 6000

                """, to: file)
            sentinels.append((port, try ChildProcess(["redis-server", file, "--sentinel"], output: "\(directory)/\(number).log")))
        }
        // Each has to know the replica and the two others before it can fail over.
        for number in sentinels.indices {
            try await eventually {
                let text = contents(of: "\(self.directory)/\(number).conf")
                return text.contains("known-replica") && text.components(of: "known-sentinel") == 2
            }
        }
    }

    /// Ends the servers and removes their data.
    public func stop() async throws {
        for sentinel in sentinels { try await sentinel.process.stop(SIGKILL) }
        try await master.stop()
        try await replica.stop()
        removeDirectory(directory)
    }
}

extension String {
    /// How often a text occurs.
    fileprivate func components(of text: String) -> Int { split(separator: text, omittingEmptySubsequences: false).count - 1 }
}
