/// The route that the router has chosen, as it is stored.
public struct StoredRoute: Sendable, Hashable {
    /// The route to execute, and the part of it that has landed.
    public let chosen: ChosenRoute
    /// When the route was stored, in ms of Redis' time.
    public let routedAt: UInt64

    public init(_ chosen: ChosenRoute, routedAt: UInt64) {
        self.chosen = chosen
        self.routedAt = routedAt
    }
}
