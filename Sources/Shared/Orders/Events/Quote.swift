public import JSON

/// The offer of one venue for an amount.
public struct Quote: Sendable, Hashable {
    /// The venue, in lower case: `raydium`, `meteora`.
    public let dex: String
    /// The pool's address or name; the first pool's if `hops` names several.
    public let pool: String
    /// The input, in base units of the input token.
    public let amountIn: BaseUnits
    /// `amountIn` in whole tokens; nil only if an older version wrote the quote.
    public let amountInDecimal: String?
    /// The output after fee and impact, in base units of the output token.
    public let amountOut: BaseUnits
    /// `amountOut` in whole tokens.
    public let amountOutDecimal: String
    /// Output per input in whole tokens, as `Price.text` writes it.
    public let price: String
    /// The venue's fee in basis points as the text of a number, for example `25` or `12.5`; see `Price.bpsText`.
    public let feeBps: String
    /// The impact without the fee in per cent, 4 decimals; see `Price.percentText`.
    public let priceImpactPct: String
    /// The minimum that the venue promises at the order's slippage.
    public let minReceived: BaseUnits
    /// `minReceived` in whole tokens.
    public let minReceivedDecimal: String
    /// The pools of the quote in order, if there are several; empty if `pool` is the only one.
    public let hops: [QuoteHop]
    /// The time of the pool data that the quote was computed from, in ms of Redis' time; nil if it is not known.
    public var quotedAt: UInt64?
    /// How old the pool data was when the route was chosen, in ms; nil if that is not known.
    public var ageMs: UInt64?

    /// Makes a quote; the decimal texts and the price follow from the amounts.
    public init(
        dex: String, pool: String, amountIn: BaseUnits, amountOut: BaseUnits, minReceived: BaseUnits, feeBps: String, priceImpactPct: String,
        inputDecimals: Int, outputDecimals: Int, hops: [QuoteHop] = [], quotedAt: UInt64? = nil
    ) {
        self.dex = dex
        self.pool = pool
        self.amountIn = amountIn
        amountInDecimal = amountIn.decimalText(decimals: inputDecimals)
        self.amountOut = amountOut
        amountOutDecimal = amountOut.decimalText(decimals: outputDecimals)
        price = Price.text(amountIn: amountIn, amountOut: amountOut, inputDecimals: inputDecimals, outputDecimals: outputDecimals)
        self.feeBps = feeBps
        self.priceImpactPct = priceImpactPct
        self.minReceived = minReceived
        minReceivedDecimal = minReceived.decimalText(decimals: outputDecimals)
        self.hops = hops
        self.quotedAt = quotedAt
    }

    /// The quote with its age at a moment (Unix ms). The age is nil if `quotedAt` is.
    public func aged(at now: UInt64) -> Quote {
        var aged = self
        aged.ageMs = quotedAt.map { now - min(now, $0) }
        return aged
    }

    public init(json: JSONValue) throws(RecordError) {
        let record = Record("quote", json)
        dex = try record.value("dex")
        pool = try record.value("pool")
        amountIn = try record.value("amountIn")
        amountInDecimal = try record.optional("amountInDecimal")
        amountOut = try record.value("amountOut")
        amountOutDecimal = try record.value("amountOutDecimal")
        price = try record.value("price")
        feeBps = try record.number("feeBps")
        priceImpactPct = try record.value("priceImpactPct")
        minReceived = try record.value("minReceived")
        minReceivedDecimal = try record.value("minReceivedDecimal")
        hops = try record.optional("hops") ?? []
        quotedAt = (try record.optional("quotedAt") as String?).flatMap(Timestamp.parse).flatMap { UInt64(exactly: $0) }
        ageMs = try record.optional("ageMs")
    }
}

extension Quote: JSONWritable {
    public var json: String { JSONWriter.value(self) }

    public func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("dex", dex)
            $0.field("pool", pool)
            $0.field("amountIn", amountIn)
            $0.field("amountInDecimal", ifPresent: amountInDecimal)
            $0.field("amountOut", amountOut)
            $0.field("amountOutDecimal", amountOutDecimal)
            $0.field("price", price)
            $0.number("feeBps", feeBps)
            $0.field("priceImpactPct", priceImpactPct)
            $0.field("minReceived", minReceived)
            $0.field("minReceivedDecimal", minReceivedDecimal)
            $0.field("hops", ifPresent: hops.isEmpty ? nil : hops)
            $0.field("quotedAt", ifPresent: quotedAt.map { Timestamp.text(milliseconds: $0) })
            $0.field("ageMs", ifPresent: ageMs)
        }
    }
}
