/// All settings of the executor.
public struct ExecutorSettings: ServiceSettings, Equatable {
    public static let serviceName = "executor"

    /// The settings that every service has.
    public let common: CommonSettings
    /// The settings for entries in hand.
    public let worker: WorkerSettings
    public let retry: RetrySettings
    public let concurrency: Int
    public let maxUnderWay: Int
    public let ordersPerMinute: Int?
    public let quoteTTL: Duration?
    /// The chain that swaps are sent to.
    public let chain: ChainSettings

    public init(reading reader: inout SettingsReader) {
        common = CommonSettings(reading: &reader)
        worker = WorkerSettings(reading: &reader)
        retry = RetrySettings(reading: &reader)
        concurrency = reader.value(Settings.executorConcurrency)
        maxUnderWay = reader.value(Settings.maxUnderWay)
        ordersPerMinute = reader.value(Settings.ordersPerMinute)
        quoteTTL = reader.value(Settings.quoteTTL)
        chain = ChainSettings(reading: &reader)
    }
}
