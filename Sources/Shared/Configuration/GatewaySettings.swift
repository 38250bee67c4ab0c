/// All settings of the gateway.
public struct GatewaySettings: ServiceSettings, Equatable {
    /// The name of the executable.
    public static let serviceName = "gateway"

    /// The settings that every service has.
    public let common: CommonSettings
    /// The address of Postgres.
    public let database: PostgresURL
    /// The URL at which clients reach the engine, without a slash at the end; nil takes it from each request.
    public let publicURL: String?
    /// The number of waiting orders from which new ones are refused.
    public let maxBacklog: Int
    /// The number of events not yet in Postgres from which new orders are refused.
    public let maxEventBacklog: Int
    /// The age of the oldest waiting order above which new ones are refused; nil for no limit.
    public let maxWait: Duration?
    /// How many attempts an order may have.
    public let maxAttempts: Int
    /// How long an idempotency key is kept.
    public let idempotencyTTL: Duration
    /// The files with tokens and pools.
    public let files: MarketFiles
    /// The folder of the API's descriptions, `openapi.yaml` and `asyncapi.yaml`.
    public let contracts: String

    /// Reads every setting of the gateway.
    public init(reading reader: inout SettingsReader) {
        common = CommonSettings(reading: &reader)
        database = reader.value(Settings.database)
        publicURL = reader.value(Settings.publicURL)
        maxBacklog = reader.value(Settings.maxBacklog)
        maxEventBacklog = reader.value(Settings.maxEventBacklog)
        maxWait = reader.value(Settings.maxWait)
        maxAttempts = reader.value(Settings.maxAttempts)
        idempotencyTTL = reader.value(Settings.idempotencyTTL)
        files = MarketFiles(reading: &reader)
        contracts = reader.value(Settings.contracts)
    }
}
