internal import EventLoop
internal import HTTP
internal import Observability
internal import Orders

/// `GET /api/orders/{id}/events` for those who accept `text/event-stream`; the edge sends only them here.
@ServiceActor
struct EventStreamRoutes {
    let feeds: OrderFeeds
    let sent: MetricFamily<Counter>
    /// Bytes that may wait for one client.
    let queueBytes: Int

    func add(to router: HTTPRouter) {
        router.get("/api/orders/{id}/events") { request, parameters in
            guard let id = OrderID(parsing: parameters["id"]) else {
                throw Problem(
                    400, code: "BAD_REQUEST", "The order id is not a UUID; use the orderId that the engine answered",
                    errors: [Problem.FieldError(field: "id", message: "is not a UUID")])
            }
            let after = try Self.start(request)
            return try await OrderEventStream(id, after: after, limit: queueBytes, feeds: feeds, sent: sent.labelled("sse")).answer()
        }
    }

    /// What the client has seen. A browser that comes back repeats its URL, and adds the header: that one is newer.
    private static func start(_ request: HTTPRequest) throws(Problem) -> Int {
        for (name, text) in [("Last-Event-ID", request.header("Last-Event-ID")), ("after", request.query("after"))] {
            guard let text, !text.isEmpty || name == "after" else { continue }
            guard let after = Int(text), after >= 0 else {
                throw Problem(
                    400, code: "BAD_REQUEST", "\(name) has to be the seq of an event, from 0",
                    errors: [Problem.FieldError(field: name, message: "is not a whole number from 0")])
            }
            return after
        }
        return 0
    }
}
