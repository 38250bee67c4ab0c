public import Configuration
public import EventLoop

/// How live venues are reached.
public struct LiveVenueOptions: Sendable {
    /// Told when a venue is left out, and why, or with nil when it is back.
    public typealias Observer = @Sendable @ServiceActor (_ dex: String, _ reason: String?) -> Void

    /// Where the venues' APIs are.
    public var settings: LiveVenueSettings
    /// The deadline of whoever asks; venues give up a little before it, so that their own reason comes in time.
    public var timeout: Duration
    /// Told of changes.
    public var onChange: Observer
    var breaker = CircuitBreaker.Limits()

    /// Options by value.
    public init(settings: LiveVenueSettings, timeout: Duration, onChange: @escaping Observer = { _, _ in }) {
        self.settings = settings
        self.timeout = timeout
        self.onChange = onChange
    }
}

/// The venues of the real world.
@ServiceActor
public enum LiveVenues {
    /// Every live venue. A new one is a file beside this one and a line here.
    public static func all(_ options: LiveVenueOptions) -> [any Venue] {
        [RaydiumVenue(options), MeteoraVenue(options)]
    }
}
