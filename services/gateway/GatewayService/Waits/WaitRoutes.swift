internal import Access
internal import Dialects
internal import EventLoop
internal import HTTP
internal import JSON
internal import Orders
internal import Pipeline
internal import ServiceKit

/// The routes that only orders with a price need: a pair of which at most one fills, and amendments.
@ServiceActor
struct WaitRoutes {
    /// Who amends an order that moves at the same time is asked to look again after so many tries.
    private static let tries = 3

    let acceptance: Acceptance
    let reading: OrderReading
    let triggers: TriggerCheck
    let process: ServiceProcess

    func add(to router: HTTPRouter) {
        router.post("/api/orders/oco", query: [], for: .trade) { request, _ in try await pair(request) }
        router.add("PATCH", "/api/orders/{id}", query: [], for: .trade) { request, parameters in try await amend(parameters["id"], request) }
    }

    private func pair(_ request: HTTPRequest) async throws -> HTTPResponse {
        let (accepted, reading) = try await acceptance.acceptPair(request)
        var orders = accepted.placed?.map { ($0.order, $0.order.sentence($0.waiting)) }
        if orders == nil, let first = try? await self.reading.order(accepted.id.description, for: request.principal).order {
            let second: Order? = if let oco = first.oco { try? await self.reading.order(oco.description, for: request.principal).order } else { nil }
            orders = [first, second].compactMap(\.self).map { ($0, $0.sentence($0.waiting(at: nil))) }
        }
        let body = JSONWriter.object { writer in
            writer.field("success", true)
            writer.array("orders") { list in
                for (order, summary) in orders ?? [] {
                    list.object {
                        $0.field("orderId", order.id)
                        $0.field("orderType", order.orderType.rawValue)
                        $0.field("summary", summary)
                    }
                }
            }
            if !reading.warnings.isEmpty { writer.field("warnings", reading.warnings) }
        }
        return .json(202, body, headers: accepted.isReplay ? [("Idempotent-Replayed", "true")] : [])
    }

    private func amend(_ text: String, _ request: HTTPRequest) async throws -> HTTPResponse {
        guard request.isJSON else { throw Problem.notJSON }
        let seen = try Self.seq(request.header("If-Match"))
        for _ in 0..<Self.tries {
            let fold = try await reading.order(text, for: request.principal)
            guard fold.status == .open else { throw Problem.orderTriggered(fold.status.rawValue) }
            if let seen, seen != fold.seq { throw Problem.orderChanged(seq: fold.seq) }
            switch try await amend(fold, request) {
            case .amended:
                let amended = try await reading.order(text, for: request.principal)
                return .json(200, OrderView(amended).json(), headers: [("ETag", "\"\(amended.seq)\"")])
            case .gone(let state): throw Problem.orderTriggered(state.status.rawValue)
            case .unknown: throw Problem.orderLost(fold.status.rawValue)
            // It has moved since it was read: by another amendment, or because its trigger follows the price.
            case .changed(let seq): if let seen, seq != seen { throw Problem.orderChanged(seq: seq) }
            }
        }
        throw Problem.orderChanged(seq: nil)
    }

    private func amend(_ fold: OrderFold, _ request: HTTPRequest) async throws -> AmendOutcome {
        let order = fold.order
        let amendment: Amendment
        switch AmendReading(body: request.body, order: order, vocabulary: Dialects.vocabulary).result {
        case .success(let wanted): amendment = wanted
        case .failure(let refusal): throw Problem(refusal)
        }
        guard let now = process.heartbeat.clock.now else { throw Problem.cannotTakeOrders }
        if let refusal = amendment.refusal(at: now) { throw Problem(refusal) }
        let next = amendment.applied(to: order, now: now)
        let mark = await triggers.mark(of: next)
        return try await answering("The order could not be amended", changes: true) {
            let spot = try await process.pipeline.spots(of: [order.id])[0]
            let best = try await process.pipeline.trail(of: order.id)?.best
            guard let waiting = next.waiting(at: best ?? mark) else { throw Problem.priceUnknown(next.pair) }
            try triggers.check(waiting, next, mark, allowsImmediate: amendment.allowsImmediate)
            return try await process.pipeline.amend(next, to: waiting, seen: fold.seq, spot, amendment.words(for: next, now: now))
        }
    }

    /// The seq in `If-Match`; nil if any will do.
    private static func seq(_ text: String?) throws(Problem) -> Int? {
        guard let text, text != "*" else { return nil }
        guard let seq = Int(text.filter { $0 != "\"" }), seq > 0 else { throw .badSeq }
        return seq
    }
}
