internal import EventLoop
internal import HTTP
internal import JSON
internal import Orders
internal import ServiceKit
internal import Venues

/// `GET /api/quotes`: the quotes that routing would use now. Nothing is submitted.
@ServiceActor
struct QuoteRoutes {
    let desk: PreviewDesk
    let tokens: TokenList

    func add(to router: HTTPRouter) {
        router.get("/api/quotes", query: ["tokenIn", "tokenOut", "amount", "slippageBps"], for: .quote) { request, _ in try await quotes(request) }
    }

    private func quotes(_ request: HTTPRequest) async throws -> HTTPResponse {
        let wanted = try QuoteQuery(request, tokens: tokens).request
        let round = try await desk.ask(wanted, by: request.countedCaller)
        guard let answer = round.answer(to: wanted) else { throw Problem.noQuote(round.failure) }
        return .json(200, answer)
    }
}

/// The parameters of a quote, read like the body of an order. An error names everything that is wrong with them.
struct QuoteQuery {
    let request: QuoteRequest

    init(_ request: HTTPRequest, tokens: TokenList) throws(Problem) {
        var body = JSONWriter()
        body.object {
            $0.field("tokenIn", ifPresent: request.query("tokenIn"))
            $0.field("tokenOut", ifPresent: request.query("tokenOut"))
            $0.field("amount", ifPresent: request.query("amount"))
            $0.field("slippageBps", ifPresent: request.query("slippageBps"))
        }
        switch RequestReading(body: body.bytes, tokens: tokens).result {
        case .success(let order):
            self.request = QuoteRequest(tokenIn: order.tokenIn, tokenOut: order.tokenOut, amountIn: order.amountIn, slippageBps: order.slippageBps)
        case .failure(let refusal): throw Problem(refusal)
        }
    }
}
