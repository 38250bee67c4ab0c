/// All settings of the executor.
public struct ExecutorSettings: ServiceSettings, Equatable {
    /// The name of the executable.
    public static let serviceName = "executor"

    /// The settings that every service has.
    public let common: CommonSettings
    /// The settings for entries in hand.
    public let worker: WorkerSettings
    /// The settings for retries.
    public let retry: RetrySettings
    /// How many orders this process may have in hand at once.
    public let concurrency: Int
    /// How many first attempts all executors together may start per minute; nil for no limit.
    public let ordersPerMinute: Int?
    /// The age above which a route is quoted again; nil for no limit.
    public let quoteTTL: Duration?
    /// The chain that swaps are sent to.
    public let chain: ChainSettings

    /// Reads every setting of the executor.
    public init(reading reader: inout SettingsReader) {
        common = CommonSettings(reading: &reader)
        worker = WorkerSettings(reading: &reader)
        retry = RetrySettings(reading: &reader)
        concurrency = reader.value(Settings.executorConcurrency)
        ordersPerMinute = reader.value(Settings.ordersPerMinute)
        quoteTTL = reader.value(Settings.quoteTTL)
        chain = ChainSettings(reading: &reader)
    }
}
