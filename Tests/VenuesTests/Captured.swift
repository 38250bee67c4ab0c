import Configuration
import EventLoop
import Orders
import TestOrders
import TestSupport

@testable import Venues

/// Replies as the venues' APIs have given them, and the requests they belong to.
enum Captured {
    static let sol = Token.sol
    static let usdc = Token.usdc
    static let bonk = "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263"

    static let raydiumRequest = QuoteRequest(tokenIn: sol, tokenOut: usdc, amountIn: BaseUnits(5_000_000_000), slippageBps: 50)
    static let raydium =
        #"{"id":"a85a6290-d43b-41b1-b23e-fee18c2ae8e4","success":true,"version":"V1","data":{"swapType":"BaseIn","#
        + #""inputMint":"\#(sol.mint)","inputAmount":"5000000000","outputMint":"\#(usdc.mint)","#
        + #""outputAmount":"88531692","otherAmountThreshold":"88089033","slippageBps":50,"#
        + #""priceImpactPct":0.01,"routePlan":[{"poolId":"BhQgvhYp","inputMint":"\#(sol.mint)","outputMint":"\#(usdc.mint)","#
        + #""feeMint":"\#(sol.mint)","feeRate":25,"feeAmount":"12500000","remainingAccounts":[]}]}}"#
    static let raydiumNoRoute = #"{"id":"1","success":false,"version":"V1","msg":"ROUTE_NOT_FOUND"}"#

    static let meteoraRequest = QuoteRequest(tokenIn: sol, tokenOut: usdc, amountIn: BaseUnits(100_000_000), slippageBps: 100)
    static let meteora =
        #"{"inputMint":"\#(sol.mint)","inAmount":"100000000","outputMint":"\#(usdc.mint)","outAmount":"17057460","#
        + #""otherAmountThreshold":"16886885","swapMode":"ExactIn","slippageBps":100,"priceImpactPct":"0.0001","#
        + #""platformFee":{"amount":"0","feeBps":0},"routePlan":[{"swapInfo":{"#
        + #""ammKey":"HXpGFJGCEEFdV31tDmjDBaJMEB1fKLiAoKoWr3Fnonid","label":"Meteora DLMM","inputMint":"\#(sol.mint)","#
        + #""outputMint":"\#(usdc.mint)","inAmount":"100000000","#
        + #""outAmount":"17057460","feeAmount":"1285","feeMint":"\#(usdc.mint)"},"percent":100}],"#
        + #""contextSlot":324307186,"timeTaken":0.012}"#
    static let meteoraNoRoute = #"{"error":"Could not find any route","errorCode":"COULD_NOT_FIND_ANY_ROUTE"}"#
}

extension String {
    /// The text with one part of it exchanged, which has to be there.
    func with(_ part: String, _ other: String) -> String {
        guard let range = firstRange(of: part) else { preconditionFailure("\(part) is not in the text") }
        return replacingCharacters(in: range, with: other)
    }

    private func firstRange(of part: String) -> Range<Index>? { ranges(of: part).first }

    private func replacingCharacters(in range: Range<Index>, with other: String) -> String {
        self[..<range.lowerBound] + other + self[range.upperBound...]
    }
}

/// One live venue over a stub of its API.
@ServiceActor
struct StubbedVenue {
    enum Kind: String, Sendable, CaseIterable { case raydium, meteora }

    let api: StubAPI
    let venue: any Venue
    /// The same venue as previews ask it.
    let preview: any Venue
    let changes = Changes()
    private let kind: Kind

    /// What was told of the venue being left out.
    @ServiceActor final class Changes {
        var told: [String?] = []
    }

    init(
        _ kind: Kind, timeout: Duration = .seconds(30), breaker: CircuitBreaker.Limits = CircuitBreaker.Limits(), key: String? = nil,
        _ answer: @escaping @ServiceActor (String, [String]) -> StubAPI.Answer
    ) throws {
        self.kind = kind
        api = try StubAPI(answer)
        var variables = ["RAYDIUM_API_URL": api.url, "JUPITER_API_URL": api.url]
        variables["JUPITER_API_KEY"] = key
        var reader = SettingsReader(environment: variables)
        let settings = LiveVenueSettings(reading: &reader)
        try reader.finish()
        var options = LiveVenueOptions(settings: settings, timeout: timeout) { [changes] _, reason in changes.told.append(reason) }
        options.breaker = breaker
        let (orders, previews) = LiveVenues.withPreviews(options)
        guard let venue = orders.first(where: { $0.dex == kind.rawValue }), let preview = previews.first(where: { $0.dex == kind.rawValue }) else {
            throw TestFailure("there is no \(kind)")
        }
        (self.venue, self.preview) = (venue, preview)
    }

    /// The quote, or the failure, or `CancellationError`; of the venue as orders ask it unless told otherwise.
    func quote(_ asked: (any Venue)? = nil) async throws -> Result<Quote, OrderFailure> {
        do {
            return .success(try await (asked ?? venue).quote(kind == .raydium ? Captured.raydiumRequest : Captured.meteoraRequest))
        } catch let failure as OrderFailure {
            return .failure(failure)
        }
    }

    /// The sentence of a failure; nil for a quote.
    func sentence(_ asked: (any Venue)? = nil) async throws -> String? {
        if case .failure(let failure) = try await quote(asked) { failure.message } else { nil }
    }

    static func reply(_ kind: Kind) -> String { kind == .raydium ? Captured.raydium : Captured.meteora }
}
