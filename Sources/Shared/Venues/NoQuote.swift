internal import Orders

/// Why a venue's answer holds no quote.
struct NoQuote: Error {
    /// The failure that the order or the preview gets.
    let failure: OrderFailure
    /// Whether the venue has judged the request. Such an answer says nothing against the venue: another request may well get a quote. Any other
    /// answer without a quote cannot be used, and counts as a failure of the venue.
    let judgesRequest: Bool

    /// The venue has no quote for this request; `reason` continues its name.
    static func judged(_ code: FailureCode, _ dex: String, _ reason: String) -> NoQuote {
        NoQuote(failure: OrderFailure(code, message: "\(dex) \(reason)"), judgesRequest: true)
    }

    /// The answer cannot be used; `reason` continues the venue's name.
    static func unusable(_ dex: String, _ reason: String) -> NoQuote {
        NoQuote(failure: OrderFailure(.venueUnavailable, message: "\(dex) \(reason)"), judgesRequest: false)
    }
}

/// The amounts of a venue's offer. `minReceived` is the venue's own `otherAmountThreshold` and is never computed here.
struct OfferedAmounts {
    let out: BaseUnits
    let minReceived: BaseUnits

    /// Throws INSUFFICIENT_LIQUIDITY if nothing would come out, VENUE_UNAVAILABLE for a promise above the offer.
    init(_ reply: VenueReply, out name: String) throws(NoQuote) {
        out = try reply.units(name)
        guard out.value > 0 else { throw .judged(.insufficientLiquidity, reply.dex, "would pay nothing for this amount") }
        minReceived = try reply.units("otherAmountThreshold")
        guard minReceived <= out else { throw reply.unusable("promises more than it offers") }
    }
}
