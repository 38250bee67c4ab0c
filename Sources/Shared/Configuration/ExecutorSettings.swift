/// All settings of the executor.
public struct ExecutorSettings: ServiceSettings, Equatable {
    /// The name of the executable.
    public static let serviceName = "executor"

    /// What every service is told.
    public let common: CommonSettings
    /// How stream entries are held.
    public let worker: WorkerSettings
    /// When an order is tried again.
    public let retry: RetrySettings
    /// Orders in hand at once in this process.
    public let concurrency: Int
    /// First attempts started a minute over all executors; nil for no limit.
    public let ordersPerMinute: Int?
    /// Age beyond which a route is quoted again; nil when it never is.
    public let quoteTTL: Duration?
    /// Where swaps are sent.
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
