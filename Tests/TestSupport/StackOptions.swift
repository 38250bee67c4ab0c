/// One of the four executables of the engine.
public enum StackService: String, Sendable, CaseIterable {
    /// Takes orders in.
    case gateway
    /// Quotes them.
    case router
    /// Executes them.
    case executor
    /// Stores and shows their events.
    case notifier
}

/// What a stack is made of.
public struct StackOptions: Sendable {
    /// How many of each service; one where nothing is said.
    public var replicas: [StackService: Int]
    /// Settings of all services, over the quick ones of `Stack`.
    public var settings: [String: String]
    /// Whether Postgres is a server of its own, which the test may stop, instead of a database of the shared one.
    public var ownPostgres: Bool
    /// The size of the disk that Redis alone has, where that shall be a small one.
    public var redisDiskMegabytes: Int?

    /// Options by value.
    public init(replicas: [StackService: Int] = [:], settings: [String: String] = [:], ownPostgres: Bool = false, redisDiskMegabytes: Int? = nil) {
        self.replicas = replicas
        self.settings = settings
        self.ownPostgres = ownPostgres
        self.redisDiskMegabytes = redisDiskMegabytes
    }
}
