/// How the routers look after orders that wait for a price.
public struct TickerSettings: Sendable, Equatable {
    /// Time between two looks at the price.
    public let interval: Duration
    /// How old a price may be that fires an order.
    public let maxAge: Duration

    public init(interval: Duration, maxAge: Duration) { (self.interval, self.maxAge) = (interval, maxAge) }

    /// Live prices are published one a second, so to look more often finds nothing new, and each is the older the more are wanted.
    init(reading reader: inout SettingsReader, venues: VenueSource) {
        interval = reader.value(Settings.tick) ?? (venues == .mock ? .milliseconds(100) : .seconds(1))
        maxAge = Self.maxAge(reading: &reader, venues: venues)
    }

    static func maxAge(reading reader: inout SettingsReader, venues: VenueSource) -> Duration {
        reader.value(Settings.markMaxAge) ?? (venues == .mock ? .seconds(5) : .seconds(30))
    }
}
