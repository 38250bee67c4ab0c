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
        let orders = try await orders(of: accepted, for: request.principal)
        let body = JSONWriter.object { writer in
            writer.field("success", true)
            writer.array("orders") { list in
                for (order, summary) in orders {
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

    /// Both orders of a pair with their sentences: as they were placed, or those of an earlier request as they are now.
    ///
    /// While they cannot be read the client is told the first one's id: an answer without orders would say that there are none.
    private func orders(of accepted: Accepted, for principal: Principal) async throws(Problem) -> [(Order, String)] {
        if let placed = accepted.placed { return placed.map { ($0.order, $0.order.sentence($0.waiting)) } }
        guard let first = try? await reading.order(accepted.id.description, for: principal).order, let other = first.oco,
            let second = try? await reading.order(other.description, for: principal).order
        else { throw .orderOutcomeUnknown(accepted.id) }
        return [first, second].map { ($0, $0.sentence($0.waiting(at: nil))) }
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
        return try await answering("The order could not be amended", changes: true) {
            let spot = try await process.pipeline.spots(of: [order.id])[0]
            let waiting = try await waiting(next, amendment.wait(of: order, at: WaitPlace.trigger(spot: spot)), amendment)
            return try await process.pipeline.amend(next, to: waiting, seen: fold.seq, spot, amendment.words(for: next, now: now))
        }
    }

    /// How an amended order waits from now on; nil if it keeps its place. Then the price of the moment does not matter, and need not be known.
    private func waiting(_ next: Order, _ wait: AmendedWait, _ amendment: Amendment) async throws -> Waiting? {
        if wait == .same { return nil }
        let mark = await triggers.mark(of: next)
        let best = try await process.pipeline.trail(of: next.id)?.best
        let found: Waiting? = wait == .limit ? next.limitTrigger.map { .price($0) } : next.waiting(at: best ?? mark)
        guard let found else { throw Problem.priceUnknown(next.pair) }
        try triggers.check(found, next, mark, allowsImmediate: amendment.allowsImmediate)
        return found
    }

    /// The seq in `If-Match`; nil if any will do. An edge that compresses answers makes the tag weak (`W/"3"`), and it names the same event still.
    private static func seq(_ text: String?) throws(Problem) -> Int? {
        guard let text, text != "*" else { return nil }
        let tag = text.hasPrefix("W/") ? text.dropFirst(2) : text[...]
        guard let seq = Int(tag.filter { $0 != "\"" }), seq > 0 else { throw .badSeq }
        return seq
    }
}
