/// The settings that every service has.
public struct CommonSettings: Sendable, Equatable {
    /// The address of Redis.
    public let redis: RedisURL
    /// The address to listen on.
    public let bind: String
    /// The TCP port to listen on; 0 takes any free one.
    public let port: Int
    /// How many partitions the streams have.
    public let partitions: Int
    /// The lowest level that is logged.
    public let logLevel: LogLevel
    /// The form of a log line.
    public let logFormat: LogFormat
    /// How long a service may take to stop.
    public let shutdownGrace: Duration

    /// Remarks about settings whose values could not be used as given.
    public let remarks: [String]

    /// Reads them.
    public init(reading reader: inout SettingsReader) {
        redis = reader.value(Settings.redis)
        port = reader.value(Settings.port)
        bind = reader.value(Settings.bind)
        partitions = reader.value(Settings.partitions)
        let level = reader.value(Settings.logLevel)
        logLevel = level.level
        remarks = level.remark.map { [$0] } ?? []
        logFormat = reader.value(Settings.logFormat)
        shutdownGrace = reader.value(Settings.shutdownGrace)
    }
}
