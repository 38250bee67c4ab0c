/// All settings of the gateway.
public struct GatewaySettings: ServiceSettings, Equatable {
    public static let serviceName = "gateway"

    /// The settings that every service has.
    public let common: CommonSettings
    public let database: PostgresURL
    /// A standby that lists are read from; nil for none.
    public let databaseRead: PostgresURL?
    /// How far it may be behind.
    public let databaseReadLag: Duration
    public let publicURL: String?
    public let socketTokenTTL: Duration
    public let maxBacklog: Int
    public let maxEventBacklog: Int
    public let maxWait: Duration?
    public let maxExpectedWait: Duration?
    public let maxAttempts: Int
    public let userLimits: UserLimitSettings
    public let idempotencyTTL: Duration
    /// The files with tokens and pools.
    public let files: MarketFiles
    public let contracts: String
    public let venues: VenueSource
    public let market: MockMarketSettings
    /// How old the price may be that a new order is compared with.
    public let markMaxAge: Duration

    public init(reading reader: inout SettingsReader) {
        common = CommonSettings(reading: &reader)
        database = reader.value(Settings.database)
        databaseRead = reader.value(Settings.databaseRead)
        databaseReadLag = reader.value(Settings.databaseReadLag)
        publicURL = reader.value(Settings.publicURL)
        socketTokenTTL = reader.value(Settings.socketTokenTTL)
        maxBacklog = reader.value(Settings.maxBacklog)
        maxEventBacklog = reader.value(Settings.maxEventBacklog)
        maxWait = reader.value(Settings.maxWait)
        maxExpectedWait = reader.value(Settings.maxExpectedWait)
        maxAttempts = reader.value(Settings.maxAttempts)
        userLimits = UserLimitSettings(reading: &reader)
        reader.require(
            !userLimits.countsOrders || !common.redis.isCluster || common.partitions == 1, among: ["USER_OPEN_ORDERS", "USER_ORDERS_PER_MIN"],
            "one user's orders cannot be counted over the masters of a Redis Cluster: leave USER_OPEN_ORDERS and USER_ORDERS_PER_MIN out, "
                + "or set PARTITIONS=1")
        idempotencyTTL = reader.value(Settings.idempotencyTTL)
        files = MarketFiles(reading: &reader)
        contracts = reader.value(Settings.contracts)
        venues = reader.value(Settings.venues)
        market = MockMarketSettings(reading: &reader)
        markMaxAge = TickerSettings.maxAge(reading: &reader, venues: venues)
    }
}
