/// All settings of the gateway.
public struct GatewaySettings: ServiceSettings, Equatable {
    /// The name of the executable.
    public static let serviceName = "gateway"

    /// What every service is told.
    public let common: CommonSettings
    /// Where Postgres is.
    public let database: PostgresURL
    /// Where clients reach the engine, without a slash at the end; nil takes it from each request.
    public let publicURL: String?
    /// Waiting orders beyond which new ones are refused.
    public let maxBacklog: Int
    /// Events that are not in Postgres yet, beyond which new orders are refused.
    public let maxEventBacklog: Int
    /// Age of the oldest waiting order beyond which new ones are refused; nil for no limit.
    public let maxWait: Duration?
    /// Attempts of an order in all.
    public let maxAttempts: Int
    /// How long an idempotency key is kept.
    public let idempotencyTTL: Duration
    /// Where tokens and pools are described.
    public let files: MarketFiles
    /// Folder of the API's descriptions, `openapi.yaml` and `asyncapi.yaml`.
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
