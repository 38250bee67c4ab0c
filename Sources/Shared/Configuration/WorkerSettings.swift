/// How a service that reads streams keeps its entries in hand.
public struct WorkerSettings: Sendable, Equatable {
    public let visibilityTimeout: Duration
    public let renewInterval: Duration
    public let orderStateTTL: Duration

    public init(reading reader: inout SettingsReader) {
        visibilityTimeout = reader.value(Settings.visibilityTimeout)
        renewInterval = reader.value(Settings.renew)
        orderStateTTL = reader.value(Settings.orderStateTTL)
        reader.require(
            renewInterval * 2 <= visibilityTimeout, among: ["RENEW_MS", "VISIBILITY_TIMEOUT_MS"],
            "RENEW_MS must be at most half of VISIBILITY_TIMEOUT_MS")
    }
}

/// When a stage tries an order again, and when it gives up.
public struct RetrySettings: Sendable, Equatable {
    public let base: Duration
    public let jitter: Rate
    public let maxStarts: Int

    public init(reading reader: inout SettingsReader) {
        base = reader.value(Settings.retryBase)
        jitter = reader.value(Settings.retryJitter)
        maxStarts = reader.value(Settings.maxStarts)
    }
}
