/// The settings that every service has.
public struct CommonSettings: Sendable, Equatable {
    public let redis: RedisURL
    /// The files of TLS to Redis.
    public let redisTLS: RedisTLS
    public let redisReplicas: RedisReplicas
    public let bind: String
    public let port: Int
    /// What one client of the HTTP server may cost.
    public let limits: ClientLimits
    public let partitions: Int
    public let access: AccessSettings
    /// The lowest level that is logged.
    public let logLevel: LogLevel
    public let logFormat: LogFormat
    public let shutdownGrace: Duration

    /// Remarks about settings whose values could not be used as given.
    public let remarks: [String]

    public init(reading reader: inout SettingsReader) {
        redis = reader.value(Settings.redis)
        redisTLS = RedisTLS(reading: &reader)
        redisReplicas = RedisReplicas(reading: &reader)
        port = reader.value(Settings.port)
        bind = reader.value(Settings.bind)
        limits = ClientLimits(reading: &reader, port: port)
        partitions = reader.value(Settings.partitions)
        access = AccessSettings(reading: &reader)
        let level = reader.value(Settings.logLevel)
        logLevel = level.level
        remarks = level.remark.map { [$0] } ?? []
        logFormat = reader.value(Settings.logFormat)
        shutdownGrace = reader.value(Settings.shutdownGrace)
    }
}
