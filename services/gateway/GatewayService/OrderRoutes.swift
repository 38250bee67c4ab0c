internal import Dialects
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
        router.get("/api/orders/{id}/events", query: ["after"]) { request, parameters in try await events(parameters["id"], request) }
        router.delete("/api/orders/{id}", query: []) { _, parameters in try await cancel(parameters["id"]) }
        // The edge sends upgrades to the notifiers; what comes here asked without one.
        router.get("/v1/stream") { _, _ in throw Self.upgradeRequired }
        for dialect in Dialects.all {
            let path = dialect.socket.path
            if dialect.showsOrder {
                router.get(path, query: []) { _, parameters in try await show(parameters["id"]) }
            } else {
                router.get(path) { _, _ in throw Self.upgradeRequired }
            }
        }
    }

    private func execute(_ request: HTTPRequest) async throws -> HTTPResponse {
        let accepted = try await acceptance.accept(request)
        let origin = Origin(request, publicURL: publicURL)
        var headers = [("Location", "\(origin.path)/api/orders/\(accepted.id)")]
        if accepted.isReplay { headers.append(("Idempotent-Replayed", "true")) }
        let order = AcceptedOrder(
            accepted.id, job: accepted.job, slippageBps: accepted.slippageBps, warnings: accepted.reading.warnings, socketOrigin: origin.webSocket)
        return .json(202, Dialects.answer(order, to: accepted.reading), headers: headers)
    }

    private func show(_ id: String) async throws -> HTTPResponse {
        let (order, events) = try await reading.order(id)
        return .json(200, OrderView(order: order, events: events).json())
    }

    private func events(_ id: String, _ request: HTTPRequest) async throws -> HTTPResponse {
        var after: Seq = 0
        if let text = request.query("after") {
            guard let seq = Seq(parsing: text) else {
                throw Problem(
                    400, code: "BAD_REQUEST", "The parameter after has to be the seq of an event, from 0 to \(Seq.most)",
                    errors: [Problem.FieldError(field: "after", message: "is not a whole number from 0 to \(Seq.most)")])
            }
            after = seq
        }
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
            throw Self.notCancelled(error)
        }
        switch outcome {
        case .cancelled: return try await show(text)
        case .submitted:
            throw Problem(409, code: "ORDER_SUBMITTED", "The order's transaction is under way and cannot be called back; wait for its outcome")
        case .partlyFilled:
            throw Problem(409, code: "ORDER_SUBMITTED", "A part of the order is filled and cannot be called back; wait for the outcome of the rest")
        case .final(let state): throw Self.isFinal(state.rawValue)
        case .unknown:
            // What has left Redis is final, unless Redis has lost it.
            let (order, events) = try await reading.order(text)
            let status = OrderView(order: order, events: events).status
            guard status.isFinal else { throw Self.isLost(status.rawValue) }
            guard status == .cancelled else { throw Self.isFinal(status.rawValue) }
            return try await show(text)
        }
    }

    private static func notCancelled(_ error: PipelineError) -> any Error {
        guard error.outcomeUnknown else { return error.answer("The order could not be cancelled") }
        return Problem(
            503, code: "OUTCOME_UNKNOWN", "The engine could not say whether the order was cancelled; look at it, or cancel it again",
            headers: [("Retry-After", "2")])
    }

    private static func isFinal(_ status: String) -> Problem {
        Problem(409, code: "ORDER_FINAL", "The order is \(status) already and cannot be cancelled")
    }

    private static func isLost(_ status: String) -> Problem {
        Problem(
            409, code: "ORDER_LOST",
            "The order was \(status) when Redis lost it, so there is nothing left to cancel; ask the operator, who sees it with orderctl reconcile")
    }

    private static var upgradeRequired: Problem {
        Problem(
            426, code: "UPGRADE_REQUIRED", "This path is a WebSocket: connect to it with a WebSocket client",
            headers: [("Upgrade", "websocket"), ("Connection", "Upgrade")])
    }
}
