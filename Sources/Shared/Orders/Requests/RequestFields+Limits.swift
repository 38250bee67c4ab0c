import JSON

extension RequestFields {
    /// A slippage limit in basis points and as the text of a fraction.
    struct Slippage {
        let bps: Int
        let text: String
    }

    /// Reads `slippage`, `max_slippage` or `slippageBps`; 1 % where none is given.
    mutating func takeSlippage() -> Slippage? {
        let fraction = take("slippage", "max_slippage")
        let bps = take("slippageBps")
        if let fraction, let bps { refuse(bps.name, "must not be given together with \(fraction.name)") }
        if let fraction { return slippage(fraction) }
        guard let bps else { return Slippage(bps: 100, text: "0.01") }
        guard let value = bps.value.integer, (1...5000).contains(value) else {
            refuse(bps.name, "must be an integer from 1 to 5000")
            return nil
        }
        return Slippage(bps: Int(value), text: DecimalText.shortest(UInt128(value), decimals: 4))
    }

    /// A fraction with up to 4 digits is an integer of basis points, read as exactly as an amount.
    private mutating func slippage(_ given: Given) -> Slippage? {
        let least = given.name == "max_slippage" ? 100 : 1
        if let text = given.value.number, let bps = try? BaseUnits(number: text, decimals: 4).value, (UInt64(least)...5000).contains(bps) {
            return Slippage(bps: Int(bps), text: text)
        }
        let range = "from \(DecimalText.shortest(UInt128(least), decimals: 4)) to 0.5"
        refuse(given.name, "must be a number \(range) with at most 4 digits after the point: a fraction, 0.01 is 1 %")
        return nil
    }

    /// Reads `deadline`: a time with a zone, or seconds from now.
    mutating func takeDeadline(now: UInt64) -> OrderRequest.Deadline? {
        guard let given = take("deadline") else { return nil }
        switch given.value {
        case .number:
            if let seconds = given.value.integer, (1...86_400).contains(seconds) { return .after(seconds: Int(seconds)) }
            refuse(given.name, "must be from 1 to 86400 where it is a number: whole seconds from now")
        case .string(let text):
            if let time = Timestamp.parse(text) { return deadline(given, at: time, now: Int64(clamping: now)) }
            refuse(given.name, "must be an ISO 8601 time with a zone, such as 2026-01-10T07:30:00Z, or a number of seconds from now")
        default:
            refuse(given.name, "must be an ISO 8601 time with a zone or a number of seconds from now")
        }
        return nil
    }

    private mutating func deadline(_ given: Given, at time: Int64, now: Int64) -> OrderRequest.Deadline? {
        if time > now && time - now <= 86_400_000 { return .at(UInt64(time)) }
        refuse(given.name, time <= now ? "must not be in the past" : "must be at most 24 hours ahead")
        return nil
    }
}
