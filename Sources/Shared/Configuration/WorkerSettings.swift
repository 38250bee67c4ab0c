/// How a service that reads streams holds its entries.
public struct WorkerSettings: Sendable, Equatable {
    /// Idle time after which another process takes an entry over.
    public let visibilityTimeout: Duration
    /// How often a process renews what it holds; at most half of the visibility time-out, so that one lost renewal costs nothing.
    public let renewInterval: Duration
    /// How long Redis keeps a final order that Postgres has.
    public let orderStateTTL: Duration

    /// Reads them.
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
    /// The wait before the second attempt; each further one doubles it.
    public let base: Duration
    /// The most that chance adds to a wait, as a share of it.
    public let jitter: Rate
    /// Starts of one stage after which an order counts as poison.
    public let maxStarts: Int

    /// Reads them.
    public init(reading reader: inout SettingsReader) {
        base = reader.value(Settings.retryBase)
        jitter = reader.value(Settings.retryJitter)
        maxStarts = reader.value(Settings.maxStarts)
    }
}
