internal import Access
internal import Dialects
internal import EventLoop
internal import HTTP
internal import JSON
internal import Orders
internal import Pipeline
internal import ServiceKit

/// The routes about single orders.
@ServiceActor
struct OrderRoutes {
    let acceptance: Acceptance
    let reading: OrderReading
    let distances: Distances
    let process: ServiceProcess
    let publicURL: String?
    let tokenLife: Duration

    func add(to router: HTTPRouter) {
        router.post("/api/orders/execute", query: [], for: .trade) { request, _ in try await execute(request) }
        router.get("/api/orders/{id}", query: [], for: .read) { request, parameters in try await show(parameters["id"], request.principal) }
        router.get("/api/orders/{id}/events", query: ["after", "token"], for: .follow) { request, parameters in
            try await events(parameters["id"], request)
        }
        router.delete("/api/orders/{id}", query: [], for: .trade) { request, parameters in try await cancel(parameters["id"], request.principal) }
        // The edge sends upgrades to the notifiers, so a request that comes here has no upgrade.
        router.get("/v1/stream", for: .open) { _, _ in throw Problem.upgradeRequired("a WebSocket client") }
        for dialect in Dialects.all {
            let path = dialect.socket.path
            if dialect.showsOrder {
                router.get(path, query: ["token"], for: .follow) { request, parameters in
                    try await show(parameters["id"], request.principal)
                }
            } else {
                router.get(path, for: .open) { _, _ in throw Problem.upgradeRequired("a WebSocket client") }
            }
        }
    }

    private func execute(_ request: HTTPRequest) async throws -> HTTPResponse {
        let (accepted, read) = try await acceptance.accept(request)
        let origin = RequestOrigin(request, publicURL: publicURL)
        var headers = [("Location", "\(origin.path)/api/orders/\(accepted.id)")]
        if accepted.isReplay { headers.append(("Idempotent-Replayed", "true")) }
        let order = AcceptedOrder(
            accepted.id, job: accepted.job, slippageBps: accepted.slippageBps, warnings: read.warnings, socketOrigin: origin.webSocket,
            socketToken: process.access.isKeyed ? process.tokens.token(for: accepted.id, goodFor: tokenLife) : nil,
            waiting: await waiting(accepted, read, request))
        return .json(202, Dialects.answer(order, to: read), headers: headers)
    }

    /// What the answer says of an order that is not a market order, or that others follow.
    private func waiting(_ accepted: Accepted, _ read: RequestReading, _ request: HTTPRequest) async -> AcceptedOrder.Waiting? {
        guard case .success(let asked) = read.result, asked.orderType != .market || !asked.then.isEmpty else { return nil }
        var new = accepted.placed?.first
        if new == nil { new = (try? await reading.order(accepted.id.description, for: request.principal)).map { NewOrder($0.order) } }
        guard let new else { return nil }
        let waiting = new.waiting ?? new.order.waiting(at: nil)
        return AcceptedOrder.Waiting(isOpen: waiting != nil, summary: new.order.sentence(waiting), then: new.order.then.map(\.id))
    }

    private func show(_ id: String, _ principal: Principal) async throws -> HTTPResponse {
        let order = try await reading.order(id, for: principal)
        let view = OrderView(order)
        let distance = await distances.of([view])[order.order.id]
        return .json(200, view.json(distance: distance), headers: [("ETag", "\"\(order.seq)\"")])
    }

    private func events(_ id: String, _ request: HTTPRequest) async throws -> HTTPResponse {
        let after = try QueryReader.after(of: request, called: "The parameter after")
        let found = try await reading.order(id, for: request.principal)
        let body = JSONWriter.object {
            $0.field("orderId", found.order.id)
            $0.array("events") { list in
                for event in found.events where event.seq > after.value { list.value(raw: event.text) }
            }
        }
        return .json(200, body)
    }

    private func cancel(_ text: String, _ principal: Principal) async throws -> HTTPResponse {
        let id = try OrderReading.id(text)
        // Who may see every order need not be looked at.
        if principal.sight != .all { _ = try await reading.order(text, for: principal) }
        let outcome: CancelOutcome
        do {
            outcome = try await process.pipeline.cancel(id)
        } catch {
            if error.outcomeUnknown { throw Problem.cancelUnknown }
            throw error.answer("The order could not be cancelled")
        }
        switch outcome {
        case .cancelled: return try await show(text, principal)
        case .submitted: throw Problem.orderUnderWay
        case .partlyFilled: throw Problem.orderPartlyFilled
        case .final(let state): throw Problem.orderFinal(state.rawValue)
        case .unknown:
            // An order that has left Redis is final, unless Redis has lost it.
            let status = OrderView(try await reading.order(text, for: principal)).status
            guard status.isFinal else { throw Problem.orderLost(status.rawValue) }
            guard status == .cancelled else { throw Problem.orderFinal(status.rawValue) }
            return try await show(text, principal)
        }
    }
}
