/// One of the four executables of the engine.
public enum StackService: String, Sendable, CaseIterable {
    /// Accepts orders.
    case gateway
    /// Asks for quotes.
    case router
    /// Executes the swaps.
    case executor
    /// Stores and publishes events.
    case notifier
}

/// The processes, settings and servers of a stack.
public struct StackOptions: Sendable {
    /// The number of processes of each service. The default is one.
    public var replicas: [StackService: Int]
    /// Settings of all services, which override the quick ones of `Stack`.
    public var settings: [String: String]
    /// Whether Postgres is a server of its own, which the test may stop. Otherwise it is a database of the shared server.
    public var ownPostgres: Bool
    /// The size of a disk that only Redis uses. Nil if Redis uses the machine's disk.
    public var redisDiskMegabytes: Int?

    /// Whether Redis is one server. A disk of its own only one server has.
    public var redisLayout: StackRedis.Layout

    /// Makes options.
    public init(
        replicas: [StackService: Int] = [:], settings: [String: String] = [:], ownPostgres: Bool = false, redisDiskMegabytes: Int? = nil,
        redisLayout: StackRedis.Layout = .chosen
    ) {
        self.replicas = replicas
        self.settings = settings
        self.ownPostgres = ownPostgres
        self.redisDiskMegabytes = redisDiskMegabytes
        self.redisLayout = redisDiskMegabytes == nil ? redisLayout : .single
    }
}
