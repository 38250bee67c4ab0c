/// How a service that reads streams keeps its entries in hand.
public struct WorkerSettings: Sendable, Equatable {
    /// The time without renewal after which another process takes an entry over.
    public let visibilityTimeout: Duration
    /// How often a process renews its entries in hand; at most half of the visibility time-out, so that one lost renewal does no harm.
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
    /// The wait before the second attempt. Each further attempt doubles it.
    public let base: Duration
    /// The maximum random addition to a wait, as a share of the wait.
    public let jitter: Rate
    /// The number of starts of one stage after which an order counts as poisoned.
    public let maxStarts: Int

    /// Reads them.
    public init(reading reader: inout SettingsReader) {
        base = reader.value(Settings.retryBase)
        jitter = reader.value(Settings.retryJitter)
        maxStarts = reader.value(Settings.maxStarts)
    }
}
