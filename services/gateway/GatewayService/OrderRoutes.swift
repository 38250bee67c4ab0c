internal import EventLoop
internal import HTTP
internal import JSON
internal import Orders
internal import Pipeline
internal import ServiceKit

/// What the gateway answers about orders.
@ServiceActor
struct OrderRoutes {
    let acceptance: Acceptance
    let reading: OrderReading
    let process: ServiceProcess
    let publicURL: String?

    func add(to router: HTTPRouter) {
        router.post("/api/orders/execute", query: []) { request, _ in try await execute(request) }
        router.get("/api/orders/{id}", query: []) { _, parameters in try await show(parameters["id"]) }
        router.get("/api/orders/status/{id}", query: []) { _, parameters in try await show(parameters["id"]) }
        router.get("/api/orders/{id}/events", query: ["after"]) { request, parameters in try await events(parameters["id"], request) }
        router.delete("/api/orders/{id}", query: []) { _, parameters in try await cancel(parameters["id"]) }
        // The edge sends upgrades to the notifiers; what comes here asked without one.
        for path in ["/api/orders/execute", "/api/orders/status", "/ws/orders/{id}", "/v1/stream"] {
            router.get(path) { _, _ in throw Problem.upgradeRequired("a WebSocket client") }
        }
    }

    private func execute(_ request: HTTPRequest) async throws -> HTTPResponse {
        let accepted = try await acceptance.accept(request)
        let origin = Origin(request, publicURL: publicURL)
        var headers = [("Location", "\(origin.path)/api/orders/\(accepted.id)")]
        if accepted.isReplay { headers.append(("Idempotent-Replayed", "true")) }
        return .json(202, accepted.usesSnakeCase ? snakeCase(accepted) : camelCase(accepted, origin.webSocket), headers: headers)
    }

    private func camelCase(_ accepted: Accepted, _ origin: String) -> String {
        JSONWriter.object {
            $0.field("success", true)
            $0.field("orderId", accepted.id)
            $0.field("jobId", accepted.job)
            $0.field("status", OrderStatus.pending.rawValue)
            $0.field("message", "Order created and enqueued for processing")
            $0.field("slippageBps", accepted.slippageBps)
            $0.field("wsUrl", "\(origin)/api/orders/status/\(accepted.id)")
            $0.field("websocketUrl", "\(origin)/ws/orders/\(accepted.id)")
            if !accepted.warnings.isEmpty { $0.field("warnings", accepted.warnings) }
        }
    }

    /// Document 004's answer; nothing that the document has in a request is warned of.
    private func snakeCase(_ accepted: Accepted) -> String {
        JSONWriter.object {
            $0.field("order_id", accepted.id)
            $0.field("status", OrderStatus.pending.rawValue)
            if !accepted.warnings.isEmpty { $0.field("warnings", accepted.warnings) }
        }
    }

    private func show(_ id: String) async throws -> HTTPResponse {
        let (order, events) = try await reading.order(id)
        return .json(200, OrderView(order: order, events: events).json())
    }

    private func events(_ id: String, _ request: HTTPRequest) async throws -> HTTPResponse {
        let after = try QueryReader.after(of: request, called: "The parameter after")
        let (order, events) = try await reading.order(id)
        let body = JSONWriter.object {
            $0.field("orderId", order.id)
            $0.array("events") { list in
                for event in events where event.seq > after.value { list.value(raw: event.text) }
            }
        }
        return .json(200, body)
    }

    private func cancel(_ text: String) async throws -> HTTPResponse {
        let id = try OrderReading.id(text)
        let outcome: CancelOutcome
        do {
            outcome = try await process.pipeline.cancel(id)
        } catch {
            if error.outcomeUnknown { throw Problem.cancelUnknown }
            throw error.answer("The order could not be cancelled")
        }
        switch outcome {
        case .cancelled: return try await show(text)
        case .submitted: throw Problem.orderUnderWay
        case .partlyFilled: throw Problem.orderPartlyFilled
        case .final(let state): throw Problem.orderFinal(state.rawValue)
        case .unknown:
            // What has left Redis is final, unless Redis has lost it.
            let (order, events) = try await reading.order(text)
            let status = OrderView(order: order, events: events).status
            guard status.isFinal else { throw Problem.orderLost(status.rawValue) }
            guard status == .cancelled else { throw Problem.orderFinal(status.rawValue) }
            return try await show(text)
        }
    }
}
