internal import EventLoop
internal import HTTP
internal import JSON
internal import Markets
internal import Orders

/// `GET /api/quotes`: what routing would decide now, nothing submitted.
@ServiceActor
struct QuoteRoutes {
    let desk: QuoteDesk
    let tokens: TokenList

    func add(to router: HTTPRouter) {
        router.get("/api/quotes") { request, _ in try await quotes(request) }
    }

    private func quotes(_ request: HTTPRequest) async throws -> HTTPResponse {
        let wanted = try QuoteQuery(request, tokens: tokens).request
        let round = await desk.ask(wanted)
        guard let offers = round.offers else {
            let failure = round.failure
            let status = failure.code == .venueUnavailable ? 503 : 422
            throw Problem(
                status, code: failure.code.rawValue, failure.message, headers: status == 503 ? [("Retry-After", "1")] : [])
        }
        return .json(200, answer(wanted, round, offers))
    }

    private func answer(_ wanted: QuoteRequest, _ round: QuoteRound, _ offers: QuoteComparison) -> String {
        let best = offers.best
        return JSONWriter.object { writer in
            writer.field("tokenIn", wanted.tokenIn.symbol)
            writer.field("tokenOut", wanted.tokenOut.symbol)
            writer.field("amountIn", wanted.amountIn)
            writer.field("slippageBps", wanted.slippageBps)
            writer.field("quotes", offers.quotes)
            writer.array("unavailable") { list in
                for (dex, failure) in round.unavailable {
                    list.object {
                        $0.field("dex", dex)
                        $0.field("code", failure.code.rawValue)
                        $0.field("message", failure.message)
                    }
                }
            }
            writer.field("best", best.dex)
            writer.field("amountOut", best.amountOut)
            writer.field("amountOutDecimal", best.amountOutDecimal)
            writer.field("minReceived", MinimumReceived.roundedUp(best.amountOut, slippageBps: wanted.slippageBps))
            writer.field("reason", offers.reason)
        }
    }
}

/// The parameters of a quote, read as an order's body is: all that is wrong with them at once.
struct QuoteQuery {
    let request: QuoteRequest

    init(_ request: HTTPRequest, tokens: TokenList) throws(Problem) {
        var body = JSONWriter()
        body.object {
            $0.field("tokenIn", ifPresent: request.query("tokenIn"))
            $0.field("tokenOut", ifPresent: request.query("tokenOut"))
            $0.field("amount", ifPresent: request.query("amount"))
            // As text where it is no number, so that the refusal names it.
            let slippage = request.query("slippageBps")
            $0.field("slippageBps", ifPresent: slippage.map { text in Int(text).map { JSONValue.number(String($0)) } ?? .string(text) })
        }
        switch OrderRequest.parse(body: body.bytes, idempotencyKey: nil, tokens: tokens, now: 0) {
        case .success(let order):
            self.request = QuoteRequest(
                tokenIn: order.tokenIn, tokenOut: order.tokenOut, amountIn: order.amountIn, slippageBps: order.slippageBps)
        case .failure(let refusal):
            throw Problem(
                400, code: refusal.code.rawValue, refusal.error,
                errors: refusal.errors.map { Problem.FieldError(field: $0.field, message: $0.message) })
        }
    }
}
