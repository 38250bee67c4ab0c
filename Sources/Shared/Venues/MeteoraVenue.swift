internal import Configuration
internal import EventLoop
internal import HTTP
internal import JSON
internal import Orders

/// Meteora's DLMM pools, through Jupiter: Meteora has no quote API of its own. Direct routes only, over one pool or several side by side.
@ServiceActor
final class MeteoraVenue: Venue {
    private nonisolated static let label = "Meteora DLMM"
    private nonisolated static let noRoute: Set = [
        "COULD_NOT_FIND_ANY_ROUTE", "NO_ROUTES_FOUND", "MARKET_NOT_FOUND", "TOKEN_NOT_TRADABLE", "CIRCULAR_ARBITRAGE_IS_DISABLED",
    ]

    nonisolated let dex = "meteora"
    private let client: LiveVenueClient

    init(_ options: LiveVenueOptions) {
        let key = options.settings.jupiterKey.map { [("x-api-key", $0.text)] } ?? []
        client = LiveVenueClient(dex: dex, url: options.settings.jupiterURL, headers: key, options: options)
    }

    func quote(_ request: QuoteRequest) async throws -> Quote {
        let target =
            "/swap/v1/quote?inputMint=\(request.tokenIn.mint)&outputMint=\(request.tokenOut.mint)&amount=\(request.amountIn)"
            + "&slippageBps=\(request.slippageBps)&dexes=Meteora+DLMM&onlyDirectRoutes=true"
        return try await client.quote(target) { response throws(OrderFailure) in try Self.read(response, request) }
    }

    private nonisolated static func read(_ response: HTTPClientResponse, _ request: QuoteRequest) throws(OrderFailure) -> Quote {
        if response.status == 401 || response.status == 403 {
            throw VenueReply.unusable("meteora", "refuses our access to Jupiter's API (\(response.status)); see JUPITER_API_KEY")
        }
        let reply = try VenueReply(response, dex: "meteora")
        if response.status != 200 || reply.value["errorCode"] != nil || reply.value["error"] != nil {
            throw reply.refusal(reply.word("errorCode"), status: response.status, noRoute: noRoute)
        }
        try reply.expect("inputMint", request.tokenIn.mint)
        try reply.expect("outputMint", request.tokenOut.mint)
        try reply.expect("inAmount", request.amountIn)
        if reply.value["swapMode"] != nil { try reply.expect("swapMode", "ExactIn") }
        try reply.expectIfPresent("slippageBps", BaseUnits(UInt64(request.slippageBps)))
        let amounts = try OfferedAmounts(reply, out: "outAmount")
        let legs = try reply.objects("routePlan").map { part throws(OrderFailure) in try part.object("swapInfo") }
        try check(legs, amounts.out, request)
        return Quote(
            dex: "meteora", pool: try legs.map { leg throws(OrderFailure) in try leg.text("ammKey") }.joined(separator: ","),
            amountIn: request.amountIn, amountOut: amounts.out, minReceived: amounts.least,
            feeBps: try feeBps(legs, amounts.out, request), priceImpactPct: reply.percent("priceImpactPct"),
            inputDecimals: request.tokenIn.decimals, outputDecimals: request.tokenOut.decimals)
    }

    /// Every leg is a swap of the venue that was asked for, and together they take the input and give at least the output.
    private nonisolated static func check(_ legs: [VenueReply], _ out: BaseUnits, _ request: QuoteRequest) throws(OrderFailure) {
        var (sumIn, sumOut) = (UInt128(0), UInt128(0))
        for leg in legs {
            guard try leg.text("label") == label else { throw leg.unusable("answered with a route over another venue") }
            try leg.expect("inputMint", request.tokenIn.mint)
            try leg.expect("outputMint", request.tokenOut.mint)
            sumIn += UInt128(try leg.units("inAmount").value)
            sumOut += UInt128(try leg.units("outAmount").value)
        }
        guard sumIn == UInt128(request.amountIn.value), sumOut >= UInt128(out.value) else {
            throw legs[0].unusable("answered with a route whose parts do not make up the whole")
        }
    }

    /// The fees of all legs over what they are part of: the input, or the output before the fee. 0 where the reply does not tell.
    private nonisolated static func feeBps(_ legs: [VenueReply], _ out: BaseUnits, _ request: QuoteRequest) throws(OrderFailure) -> String {
        var fee = UInt128(0)
        var whole = UInt128(0)
        for leg in legs {
            guard let amount = try leg.optionalUnits("feeAmount"), leg.value["feeMint"]?.isNull == false else { continue }
            let mint = try leg.text("feeMint")
            let isInput = mint == request.tokenIn.mint
            guard isInput || mint == request.tokenOut.mint else { throw leg.unusable("answered with a fee in another token") }
            fee += UInt128(amount.value)
            whole += UInt128(try leg.units(isInput ? "inAmount" : "outAmount").value) + (isInput ? 0 : UInt128(amount.value))
        }
        guard let part = UInt64(exactly: fee), let total = UInt64(exactly: whole), total > 0 else { return "0" }
        guard part <= total else { throw legs[0].unusable("answered with a fee above 100 %") }
        return Price.bpsText(part, of: total)
    }
}
