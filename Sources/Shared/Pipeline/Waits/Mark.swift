public import Orders

/// The price at which a small amount could be swapped, net of fees.
public struct Mark: Sendable, Hashable {
    public let price: PriceLevel
    /// When it was taken, in ms of Redis' time.
    public let at: UInt64

    public init(_ price: PriceLevel, at time: UInt64) { (self.price, self.at) = (price, time) }
}
