internal import EventLoop
internal import HTTP
internal import Observability
internal import Orders
internal import ServiceKit

/// `GET /api/orders/{id}/events` for those who accept `text/event-stream`; the edge sends only them here.
@ServiceActor
struct EventStreamRoutes {
    let feeds: OrderFeeds
    let sent: MetricFamily<Counter>
    /// Bytes that may wait for one client.
    let queueBytes: Int

    func add(to router: HTTPRouter) {
        router.get("/api/orders/{id}/events", query: ["after"]) { request, parameters in
            guard let id = OrderID(parsing: parameters["id"]) else { throw Problem.notUUID }
            let after = try Self.start(request)
            return try await OrderEventStream(id, after: after, limit: queueBytes, feeds: feeds, sent: sent.labelled("sse")).answer()
        }
    }

    /// What the client has seen. A browser that comes back repeats its URL, and adds the header: that one is newer.
    ///
    /// The URL is written by a person, who is told what is wrong with it. The header is the browser's own, and one that is refused would end its
    /// `EventSource` for good: what no event of ours can have left there means that nothing was seen.
    private static func start(_ request: HTTPRequest) throws(Problem) -> Seq {
        if let last = request.header("Last-Event-ID"), !last.isEmpty { return Seq(parsing: last) ?? 0 }
        return try QueryReader.after(of: request, called: "after")
    }
}
