/// All settings of the notifier.
public struct NotifierSettings: ServiceSettings, Equatable {
    public static let serviceName = "notifier"

    /// The settings that every service has.
    public let common: CommonSettings
    public let database: PostgresURL
    /// The settings for entries in hand.
    public let worker: WorkerSettings
    public let persistBatch: Int
    public let persistWait: Duration
    public let eventsRetention: Duration?
    public let ordersRetention: Duration?
    /// The settings of WebSockets.
    public let sockets: SocketSettings

    public init(reading reader: inout SettingsReader) {
        common = CommonSettings(reading: &reader)
        database = reader.value(Settings.database)
        worker = WorkerSettings(reading: &reader)
        persistBatch = reader.value(Settings.persistBatch)
        persistWait = reader.value(Settings.persistWait)
        eventsRetention = reader.value(Settings.eventsRetention)
        ordersRetention = reader.value(Settings.ordersRetention)
        sockets = SocketSettings(reading: &reader)
    }
}

/// The settings of WebSockets.
public struct SocketSettings: Sendable, Equatable {
    public let pingInterval: Duration
    public let idleTimeout: Duration
    public let queueMessages: Int
    public let queueBytes: Int
    /// For all sockets and streams of the process.
    public let queueTotalBytes: Int?
    public let framesPerSecond: Int?
    /// For one caller.
    public let perCaller: Int?
    public let maxMessageBytes: Int

    public init(reading reader: inout SettingsReader) {
        pingInterval = reader.value(Settings.socketPing)
        idleTimeout = reader.value(Settings.socketIdle)
        queueMessages = reader.value(Settings.socketQueue)
        queueBytes = reader.value(Settings.socketQueueBytes)
        queueTotalBytes = reader.value(Settings.socketQueueTotal)
        framesPerSecond = reader.value(Settings.socketFrames)
        perCaller = reader.value(Settings.callerSockets)
        maxMessageBytes = reader.value(Settings.socketMaxMessage)
        reader.require(idleTimeout > pingInterval, among: ["WS_IDLE_S", "WS_PING_S"], "WS_IDLE_S must be more than WS_PING_S")
    }
}
