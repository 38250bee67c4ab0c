/// All settings of the notifier.
public struct NotifierSettings: ServiceSettings, Equatable {
    /// The name of the executable.
    public static let serviceName = "notifier"

    /// The settings that every service has.
    public let common: CommonSettings
    /// The address of Postgres.
    public let database: PostgresURL
    /// The settings for entries in hand.
    public let worker: WorkerSettings
    /// The maximum number of events of one transaction.
    public let persistBatch: Int
    /// The longest wait for a batch to fill.
    public let persistWait: Duration
    /// How long Postgres keeps events of final orders; nil for ever.
    public let eventsRetention: Duration?
    /// The settings of WebSockets.
    public let sockets: SocketSettings

    /// Reads every setting of the notifier.
    public init(reading reader: inout SettingsReader) {
        common = CommonSettings(reading: &reader)
        database = reader.value(Settings.database)
        worker = WorkerSettings(reading: &reader)
        persistBatch = reader.value(Settings.persistBatch)
        persistWait = reader.value(Settings.persistWait)
        eventsRetention = reader.value(Settings.eventsRetention)
        sockets = SocketSettings(reading: &reader)
    }
}

/// The settings of WebSockets.
public struct SocketSettings: Sendable, Equatable {
    /// How often a socket is pinged.
    public let pingInterval: Duration
    /// The silence after which a socket is closed; more than the ping interval.
    public let idleTimeout: Duration
    /// How many messages may be queued for one socket before it is closed as too slow.
    public let queueMessages: Int
    /// How many bytes may be queued for one socket before it is closed as too slow.
    public let queueBytes: Int
    /// The maximum size of a message from a client, in bytes.
    public let maxMessageBytes: Int

    /// Reads them.
    public init(reading reader: inout SettingsReader) {
        pingInterval = reader.value(Settings.socketPing)
        idleTimeout = reader.value(Settings.socketIdle)
        queueMessages = reader.value(Settings.socketQueue)
        queueBytes = reader.value(Settings.socketQueueBytes)
        maxMessageBytes = reader.value(Settings.socketMaxMessage)
        reader.require(idleTimeout > pingInterval, among: ["WS_IDLE_S", "WS_PING_S"], "WS_IDLE_S must be more than WS_PING_S")
    }
}
