internal import Configuration
internal import EventLoop
internal import HTTP
internal import JSON
internal import Orders

/// Raydium's Trade API. It routes over several pools in sequence if there is no direct one, and never splits.
@ServiceActor
final class RaydiumVenue: LiveVenue {
    /// The messages that mean that Raydium has no pools for the pair.
    private nonisolated static let noRoute: Set = ["ROUTE_NOT_FOUND"]

    nonisolated static let dex = "raydium"
    private let client: LiveVenueClient

    init(_ client: LiveVenueClient) { self.client = client }

    static func api(_ settings: LiveVenueSettings) -> VenueAPI {
        VenueAPI(dex: dex, name: "Raydium's API", url: settings.raydiumURL, urlSetting: "RAYDIUM_API_URL")
    }

    func quote(_ request: QuoteRequest) async throws -> Quote {
        let target =
            "/compute/swap-base-in?inputMint=\(request.tokenIn.mint)&outputMint=\(request.tokenOut.mint)&amount=\(request.amountIn)"
            + "&slippageBps=\(request.slippageBps)&txVersion=V0"
        return try await client.quote(target) { response throws(NoQuote) in try Self.read(response, request) }
    }

    nonisolated static func read(_ response: HTTPClientResponse, _ request: QuoteRequest) throws(NoQuote) -> Quote {
        let reply = try VenueReply(response, dex: dex)
        let isSuccess = reply.value["success"]?.bool
        guard isSuccess != nil || response.status != 200 else { throw reply.missing("success") }
        guard isSuccess == true, response.status == 200 else { throw reply.refusal(reply.word("msg"), status: response.status, noRoute: noRoute) }
        let data = try reply.object("data")
        try data.expectIfPresent("swapType", "BaseIn")
        try data.expect("inputMint", request.tokenIn.mint)
        try data.expect("outputMint", request.tokenOut.mint)
        try data.expect("inputAmount", request.amountIn)
        try data.expectIfPresent("slippageBps", BaseUnits(UInt64(request.slippageBps)))
        let amounts = try OfferedAmounts(data, out: "outputAmount")
        let hops = try hops(data, request)
        return Quote(
            dex: dex, pool: hops.pools, amountIn: request.amountIn, amountOut: amounts.out, minReceived: amounts.minReceived,
            feeBps: hops.feeBps, priceImpactPct: data.percent("priceImpactPct"), inputDecimals: request.tokenIn.decimals,
            outputDecimals: request.tokenOut.decimals)
    }

    /// The pools in sequence, and the sum of their fees in basis points. Each hop must start with the token that the hop before it gave.
    private nonisolated static func hops(
        _ data: VenueReply, _ request: QuoteRequest
    ) throws(NoQuote) -> (pools: String, feeBps: String) {
        var pools: [String] = []
        var fee: UInt64 = 0
        var mint = request.tokenIn.mint
        for hop in try data.objects("routePlan") {
            try hop.expect("inputMint", mint)
            mint = try hop.text("outputMint")
            pools.append(try hop.text("poolId"))
            let rate = hop.remark("feeRate")?.value ?? 0
            guard rate <= 10_000 else { throw data.unusable("answered with a fee above 100 %") }
            fee += rate
        }
        guard mint == request.tokenOut.mint else { throw data.unusable("answered with a route that ends in another token") }
        return (pools.joined(separator: ","), String(fee))
    }
}
