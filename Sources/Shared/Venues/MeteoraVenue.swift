internal import Configuration
internal import EventLoop
internal import HTTP
internal import JSON
internal import Orders

/// Meteora's DLMM pools, through Jupiter: Meteora has no quote API of its own. Direct routes only, over one pool or several side by side.
@ServiceActor
final class MeteoraVenue: LiveVenue {
    private nonisolated static let label = "Meteora DLMM"
    private nonisolated static let noRoute: Set = [
        "COULD_NOT_FIND_ANY_ROUTE", "NO_ROUTES_FOUND", "MARKET_NOT_FOUND", "TOKEN_NOT_TRADABLE", "CIRCULAR_ARBITRAGE_IS_DISABLED",
    ]

    nonisolated static let dex = "meteora"
    private let client: LiveVenueClient

    init(_ client: LiveVenueClient) { self.client = client }

    static func api(_ settings: LiveVenueSettings) -> VenueAPI {
        VenueAPI(
            dex: dex, name: "Jupiter's API", url: settings.jupiterURL, urlSetting: "JUPITER_API_URL",
            key: VenueKey(
                setting: "JUPITER_API_KEY", value: settings.jupiterKey, header: "x-api-key",
                without: "without a key Jupiter answers few requests a minute, or none; a key is free"))
    }

    func quote(_ request: QuoteRequest) async throws -> Quote {
        let target =
            "/swap/v1/quote?inputMint=\(request.tokenIn.mint)&outputMint=\(request.tokenOut.mint)&amount=\(request.amountIn)"
            + "&slippageBps=\(request.slippageBps)&dexes=Meteora+DLMM&onlyDirectRoutes=true"
        return try await client.quote(target) { response throws(NoQuote) in try Self.read(response, request) }
    }

    nonisolated static func read(_ response: HTTPClientResponse, _ request: QuoteRequest) throws(NoQuote) -> Quote {
        let reply = try VenueReply(response, dex: dex)
        if response.status != 200 || reply.has("errorCode") || reply.has("error") {
            throw reply.refusal(reply.word("errorCode"), status: response.status, noRoute: noRoute)
        }
        try reply.expect("inputMint", request.tokenIn.mint)
        try reply.expect("outputMint", request.tokenOut.mint)
        try reply.expect("inAmount", request.amountIn)
        try reply.expectIfPresent("swapMode", "ExactIn")
        try reply.expectIfPresent("slippageBps", BaseUnits(UInt64(request.slippageBps)))
        let amounts = try OfferedAmounts(reply, out: "outAmount")
        let legs = try reply.objects("routePlan").map { part throws(NoQuote) in try part.object("swapInfo") }
        try check(legs, amounts.out, request)
        return Quote(
            dex: dex, pool: try legs.map { leg throws(NoQuote) in try leg.text("ammKey") }.joined(separator: ","),
            amountIn: request.amountIn, amountOut: amounts.out, minReceived: amounts.minReceived,
            feeBps: try feeBps(legs, amounts.out, request), priceImpactPct: reply.percent("priceImpactPct"),
            inputDecimals: request.tokenIn.decimals, outputDecimals: request.tokenOut.decimals)
    }

    /// Checks that every leg is a swap on this venue, if the leg names one, and that the legs together take the whole input and give at least the
    /// output.
    private nonisolated static func check(_ legs: [VenueReply], _ out: BaseUnits, _ request: QuoteRequest) throws(NoQuote) {
        var (sumIn, sumOut) = (UInt128(0), UInt128(0))
        for leg in legs {
            guard ["", label].contains(leg.value["label"]?.string ?? "") else { throw leg.unusable("answered with a route over another venue") }
            try leg.expect("inputMint", request.tokenIn.mint)
            try leg.expect("outputMint", request.tokenOut.mint)
            sumIn += UInt128(try leg.units("inAmount").value)
            sumOut += UInt128(try leg.units("outAmount").value)
        }
        guard sumIn == UInt128(request.amountIn.value), sumOut >= UInt128(out.value) else {
            throw legs[0].unusable("answered with a route whose parts do not make up the whole")
        }
    }

    /// The fees of all legs as a share of the amounts that they are taken from: the input, or the output before the fee. 0 if the reply does not say.
    /// Fees are only shown: the amounts are already net of them.
    private nonisolated static func feeBps(_ legs: [VenueReply], _ out: BaseUnits, _ request: QuoteRequest) throws(NoQuote) -> String {
        var fee = UInt128(0)
        var whole = UInt128(0)
        for leg in legs {
            guard let amount = leg.remark("feeAmount"), let mint = leg.value["feeMint"]?.string else { continue }
            let isInput = mint == request.tokenIn.mint
            guard isInput || mint == request.tokenOut.mint else { continue }
            fee += UInt128(amount.value)
            whole += UInt128(try leg.units(isInput ? "inAmount" : "outAmount").value) + (isInput ? 0 : UInt128(amount.value))
        }
        guard let part = UInt64(exactly: fee), let total = UInt64(exactly: whole), total > 0 else { return "0" }
        guard part <= total else { throw legs[0].unusable("answered with a fee above 100 %") }
        return Price.bpsText(part, of: total)
    }
}
