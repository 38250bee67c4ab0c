internal import Orders

/// What a venue offers, and the least it promises: its own `otherAmountThreshold`, never computed here.
struct OfferedAmounts {
    let out: BaseUnits
    let least: BaseUnits

    /// Throws INSUFFICIENT_LIQUIDITY where nothing would come out, VENUE_UNAVAILABLE for a promise above the offer.
    init(_ reply: VenueReply, out name: String) throws(NoQuote) {
        out = try reply.units(name)
        guard out.value > 0 else { throw .judged(.insufficientLiquidity, reply.dex, "would pay nothing for this amount") }
        least = try reply.units("otherAmountThreshold")
        guard least <= out else { throw reply.unusable("promises more than it offers") }
    }
}
