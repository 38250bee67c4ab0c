public import EventLoop
internal import Glibc

/// The Redis of a stack: one server, or what stands for one.
@ServiceActor
public final class StackRedis {
    /// How many servers there are, and who knows them.
    public enum Layout: String, Sendable {
        case single
        /// A master and a replica that Sentinels watch.
        case sentinel
        /// Three masters, each with a replica.
        case cluster

        /// The layout that TEST_REDIS names. The tests of whole engines run on each.
        public static let chosen = getenv("TEST_REDIS").flatMap { Layout(rawValue: String(cString: $0)) } ?? .single
    }

    /// The URL for the services.
    public let url: String
    /// The server that has the orders of partition 0 at the beginning.
    public let server: RedisServer
    /// The servers behind Sentinels, and those of a cluster, if that is the layout.
    public private(set) var sentinels: SentinelServers?
    public private(set) var cluster: ClusterServers?

    private init(_ url: String, _ server: RedisServer) { (self.url, self.server) = (url, server) }

    /// Starts the servers. All sync every write.
    static func start(_ layout: Layout, diskMegabytes: Int?) async throws -> StackRedis {
        switch layout {
        case .single:
            let server = try await RedisServer.start(
                extraConfig: ["--maxmemory", "8gb", "--maxmemory-policy", "noeviction", "--unixsocket", "socket"], diskMegabytes: diskMegabytes)
            return StackRedis(server.url, server)
        case .sentinel:
            let servers = try await SentinelServers.start(fsync: "always")
            let redis = StackRedis(servers.url, servers.master)
            redis.sentinels = servers
            return redis
        case .cluster:
            let servers = try await ClusterServers.start(fsync: "always")
            let redis = StackRedis(servers.url, servers.masters[2])
            redis.cluster = servers
            return redis
        }
    }

    func stop() async throws {
        if let sentinels { return try await sentinels.stop() }
        if let cluster { return try await cluster.stop() }
        try await server.stop()
    }
}
