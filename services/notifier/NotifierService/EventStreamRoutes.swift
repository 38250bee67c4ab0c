internal import EventLoop
internal import HTTP
internal import Observability
internal import Orders
internal import ServiceKit

/// `GET /api/orders/{id}/events` for clients that accept `text/event-stream`. The edge sends only those requests here.
@ServiceActor
struct EventStreamRoutes {
    let feeds: OrderFeeds
    let sent: MetricFamily<Counter>
    let holders: Holders
    /// How many bytes may wait for one client.
    let queueBytes: Int

    func add(to router: HTTPRouter) {
        router.get("/api/orders/{id}/events", query: ["after", "token"], for: .follow) { request, parameters in
            guard let id = OrderID(parsing: parameters["id"]) else { throw Problem.notUUID }
            let after = try Self.start(request)
            let stream = OrderEventStream(
                id, after: after, limit: queueBytes, feeds: OwnOrders.of(feeds, for: request.principal), sent: sent.labelled("sse"))
            let place = holders.enter(request.principal) { [weak stream] in stream?.end() }
            stream.onEnd = { [holders] in holders.leave(place) }
            return try await stream.answer()
        }
    }

    /// The last seq that the client has seen. A browser that reconnects repeats its URL and adds the header, so the header is newer.
    ///
    /// A person writes the URL and is told what is wrong with it. The browser itself sends the header, and a refusal would end its `EventSource` for
    /// good. So a header that cannot come from an event of the engine means that nothing was seen.
    private static func start(_ request: HTTPRequest) throws(Problem) -> Seq {
        if let last = request.header("Last-Event-ID"), !last.isEmpty { return Seq(parsing: last) ?? 0 }
        return try QueryReader.after(of: request, called: "after")
    }
}
