internal import JSON

/// The route that was chosen for an order: one swap of the whole, or several legs with one swap each.
public struct ChosenRoute: Sendable, Hashable {
    /// The quote of the whole: the only leg's quote, or the quotes of all legs joined.
    public let quote: Quote
    /// The legs in order of their numbers, at least one. Landed legs stay, so that the legs add up to the order, or to the part of it that is to
    /// fill.
    public let legs: [OrderLeg]

    /// A swap of the whole.
    public init(_ quote: Quote) {
        self.quote = quote
        legs = [OrderLeg(0, quote)]
    }

    /// A route for the part of an order that is still open, together with the legs that have landed.
    ///
    /// - Parameters:
    ///   - quotes: at least one; each becomes one leg.
    ///   - before: the order's last route; nil if it had none. If a leg of it has landed, the new legs are numbered on from its largest number.
    public init(_ quotes: [Quote], of order: Order, after before: ChosenRoute?) {
        let landed = before?.landed ?? []
        let first = landed.isEmpty ? 0 : (before?.legs.map(\.number).max() ?? -1) + 1
        let new = quotes.enumerated().map { OrderLeg(first + $0.offset, $0.element) }
        self.init(legs: landed + new, inputDecimals: order.tokenIn.decimals, outputDecimals: order.tokenOut.decimals)
    }

    private init(legs: [OrderLeg], inputDecimals: Int, outputDecimals: Int) {
        self.legs = legs
        quote = legs.count == 1 ? legs[0].quote : Quote(joining: legs.map(\.quote), inputDecimals: inputDecimals, outputDecimals: outputDecimals)
    }

    private init(quote: Quote, legs: [OrderLeg]) {
        self.quote = quote
        self.legs = legs
    }

    /// Whether the order has several transactions.
    public var isSplit: Bool { legs.count > 1 }
    public var landed: [OrderLeg] { legs.filter { $0.status == .landed } }
    /// The legs that have not landed. One transaction has to be signed for each.
    public var open: [OrderLeg] { legs.filter { $0.status != .landed } }

    /// The venues of the open legs, largest leg first, joined by `+`. If no leg is open, the venues of the whole route.
    public var openVenues: String {
        let bySize = open.enumerated().sorted { ($1.element.quote.amountIn, $0.offset) < ($0.element.quote.amountIn, $1.offset) }
        var venues: [String] = []
        for (_, leg) in bySize where !venues.contains(leg.quote.dex) { venues.append(leg.quote.dex) }
        return venues.isEmpty ? quote.dex : venues.joined(separator: "+")
    }

    /// The route with the legs of these numbers changed.
    public func changing(_ changed: [Int: OrderLeg]) -> ChosenRoute { ChosenRoute(quote: quote, legs: legs.map { changed[$0.number] ?? $0 }) }

    /// The part of an order that is not filled yet, in base units of the input token.
    public func openAmount(of order: Order) -> BaseUnits {
        BaseUnits(order.amountIn.value - min(order.amountIn.value, BaseUnits(sum: landed.map(\.quote.amountIn)).value))
    }

    /// What the next quotes are for, in base units of the input token: what is not filled yet. Once a leg has landed, what no leg was to fill is not
    /// tried again.
    public func amountToQuote(of order: Order) -> BaseUnits {
        landed.isEmpty ? order.amountIn : min(openAmount(of: order), BaseUnits(sum: open.map(\.quote.amountIn)))
    }

    /// The part of an order that has landed; nil if nothing has.
    public func filled(of order: Order) -> PartialFill? {
        guard !landed.isEmpty else { return nil }
        return PartialFill(
            amountIn: BaseUnits(sum: landed.map(\.quote.amountIn)), amountOut: BaseUnits(sum: landed.compactMap(\.amountOut)),
            inputDecimals: order.tokenIn.decimals,
            outputDecimals: order.tokenOut.decimals)
    }
}

extension ChosenRoute {
    /// The members that every event repeats from `routing` (30) on: `chosenDex`, `quote`, and `legs` if there are several.
    public var members: String {
        JSONWriter.members {
            $0.field("chosenDex", quote.dex)
            $0.field("quote", quote)
            $0.field("legs", ifPresent: isSplit ? legs : nil)
        }
    }

    public init(members: String) throws(RecordError) {
        let record = Record("route", try Record.parse("route", "{\(members)}"))
        try self.init(stored: try record.value("quote"), legs: try record.optional("legs"))
    }

    /// A route as it was stored; nil stands for the legs of a route that is not split.
    init(stored quote: Quote, legs: [OrderLeg]?) throws(RecordError) {
        let legs = legs ?? [OrderLeg(0, quote)]
        // Legs are found by their numbers, and their amounts are added up: both must work.
        guard !legs.isEmpty, Set(legs.map(\.number)).count == legs.count, Self.fits(legs.map(\.quote.amountIn)),
            Self.fits(legs.compactMap(\.amountOut))
        else { throw .missing("legs", of: "route") }
        self.init(quote: quote, legs: legs)
    }

    /// Whether the sum of the amounts is a possible amount.
    private static func fits(_ amounts: [BaseUnits]) -> Bool { amounts.reduce(UInt128(0)) { $0 + UInt128($1.value) } <= UInt128(UInt64.max) }
}
