import JSON

extension RequestFields {
    /// Above this limit (10 %) the client gets a warning: it probably did not mean to give away that much.
    private static let usualSlippageBps = 1000

    /// Reads `slippage` or `slippageBps` under any of their names, as basis points. If neither is given: 10 % for a stop, which has to get out in a
    /// fall, 1 % for any other order.
    mutating func takeSlippage(of terms: GivenTerms) -> Int? {
        let (fraction, bps) = takeSlippages()
        guard let given = fraction ?? bps else { return [.stop, .trailingStop].contains(terms.type) ? Self.usualSlippageBps : 100 }
        if terms.limitPrice != nil { warn(given.name, "is not used: the limitPrice is the floor of the fill") }
        return slippageBps(fraction, bps)
    }

    /// The slippage that an order of a type is amended to; nil if it is not given.
    mutating func takeSlippage(amending type: OrderType) -> Int? {
        let (fraction, bps) = takeSlippages()
        if let given = fraction ?? bps, type.needsLimitPrice { warn(given.name, "is not used: the limitPrice is the floor of the fill") }
        return slippageBps(fraction, bps)
    }

    private mutating func takeSlippages() -> (fraction: Given?, bps: Given?) {
        let fraction = take(.slippage)
        let bps = take(.slippageBps)
        if let fraction, let bps { refuse(bps.name, "must not be given together with \(fraction.name)") }
        return (fraction, bps)
    }

    private mutating func slippageBps(_ fraction: Given?, _ bps: Given?) -> Int? {
        guard let given = fraction ?? bps else { return nil }
        guard let value = fraction == nil ? basisPoints(given) : slippage(given) else { return nil }
        if value > Self.usualSlippageBps {
            let percent = DecimalText.shortest(UInt128(value), decimals: 2)
            warn(given.name, "lets the price move by \(percent) %, which is more than 10 %: slippage 0.01 and slippageBps 100 are 1 %")
        }
        return value
    }

    private mutating func basisPoints(_ given: Given) -> Int? {
        if let number = Self.decimal(given.value), let value = try? number.scaled(by: 0), (1...5000).contains(value) { return Int(value) }
        refuse(given.name, "must be a whole number from 1 to 5000")
        return nil
    }

    /// A fraction in basis points, rounded down, so that the limit is never looser than the client asked for.
    private mutating func slippage(_ given: Given) -> Int? {
        let minBps = vocabulary.minSlippageBps(under: given.name)
        if let number = Self.decimal(given.value) {
            let (bps, isExact) = number.floor(scale: 4, upTo: 5000)
            if bps >= minBps && (bps < 5000 || isExact) { return Int(bps) }
        }
        let range = "from \(DecimalText.shortest(UInt128(minBps), decimals: 4)) to 0.5"
        refuse(given.name, "must be a number \(range): a fraction, 0.01 is 1 %")
        return nil
    }

    /// A number, or the text of one.
    static func decimal(_ value: JSONValue) -> DecimalText? { (value.number ?? value.string).flatMap { DecimalText($0) } }

    /// Reads `deadline`: a time with a zone, or seconds from now. Whether the time has passed is checked elsewhere. An order that waits for a price
    /// has `expiresAt` instead.
    mutating func takeDeadline(of type: OrderType) -> OrderRequest.Deadline? {
        guard let given = take(.deadline) else { return nil }
        guard type == .market else {
            refuse(given.name, "is for market orders: give expiresAt")
            return nil
        }
        return time(given, upTo: 86_400, past: OrderRequest.isPast)
    }

    /// Reads a time with a zone, or seconds from now, at most so many.
    mutating func time(_ given: Given, upTo most: UInt64, past: String) -> OrderRequest.Deadline? {
        switch given.value {
        case .number(let text):
            if let seconds = try? DecimalText(text)?.scaled(by: 0), (1...most).contains(seconds) { return .after(seconds: Int(seconds)) }
            refuse(given.name, "must be from 1 to \(most) where it is a number: whole seconds from now")
        case .string(let text):
            guard let time = Timestamp.parse(text) else {
                refuse(given.name, "must be an ISO 8601 time with a zone, such as 2026-01-10T07:30:00Z, or a number of seconds from now")
                return nil
            }
            if let time = UInt64(exactly: time) { return .at(time) }
            refuse(given.name, past)
        default:
            refuse(given.name, "must be an ISO 8601 time with a zone or a number of seconds from now")
        }
        return nil
    }
}
