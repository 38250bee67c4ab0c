/// What one caller may ask for in a second; nil for no limit.
public struct RateSettings: Sendable, Equatable {
    public let requests: Int?
    public let orders: Int?
    /// Quotes, and whatever else asks venues or looks through all orders.
    public let quotes: Int?

    /// Limits by value.
    public init(requests: Int?, orders: Int?, quotes: Int?) { (self.requests, self.orders, self.quotes) = (requests, orders, quotes) }

    public init(reading reader: inout SettingsReader) {
        requests = reader.value(Settings.callerRequests)
        orders = reader.value(Settings.callerOrders)
        quotes = reader.value(Settings.callerQuotes)
    }
}
