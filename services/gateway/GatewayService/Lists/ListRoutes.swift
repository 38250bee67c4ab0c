internal import Access
internal import EventLoop
internal import HTTP
internal import JSON
internal import Orders
internal import ServiceKit
internal import Storage

/// `GET /api/orders`: pages of orders from Postgres, newest first. Postgres may be a batch behind, and a replica of it some more.
@ServiceActor
struct ListRoutes {
    private static let defaultLimit = 50
    private static let parameters = ["userId", "status", "clientOrderId", "from", "to", "limit", "cursor", "view"]

    let lists: OrderLists
    let distances: Distances

    func add(to router: HTTPRouter) { router.get("/api/orders", query: Self.parameters, for: .read) { request, _ in try await list(request) } }

    private func list(_ request: HTTPRequest) async throws -> HTTPResponse {
        let query = try ListQuery(request, defaultLimit: Self.defaultLimit)
        let page = try await answering("The orders cannot be listed") {
            try await lists.page(query.filter(for: request.principal), limit: query.limit, after: query.cursor)
        }
        let distances = await distances.of(page.orders)
        let body = JSONWriter.object { writer in
            writer.array("orders") { list in for order in page.orders { query.view.write(order, distances[order.order.id], to: &list) } }
            writer.field("nextCursor", orNull: page.next?.description)
        }
        return HTTPResponse.json(200, body).unlessKnown(to: request)
    }
}

/// How much of each order a list shows.
enum ListView: String {
    case full, summary

    func write(_ order: OrderView, _ distance: TriggerDistance?, to list: inout JSONWriter) {
        switch self {
        case .full: list.value(raw: order.json(includesSuccess: false, distance: distance))
        case .summary: order.writeSummary(distance: distance, to: &list)
        }
    }
}

/// The parameters of a list. An error names everything that is wrong with them.
struct ListQuery {
    private let filter: OrderFilter
    let limit: Int
    let cursor: OrderCursor?
    let view: ListView

    init(_ request: HTTPRequest, defaultLimit: Int) throws(Problem) {
        var query = QueryReader(request)
        let time = { (text: String) in Timestamp.parse(text).flatMap { UInt64(exactly: $0) } }
        // The plus sign of a zone arrives as a blank if it is not escaped.
        let moment = "must be a time with a zone such as 2026-01-10T07:30:00Z; the + of a zone is written %2B in a URL"
        let statuses = query.read("status", "must be \(OrderStatus.names), several by comma") {
            text in
            let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { OrderStatus(rawValue: String($0)) }
            return parts.contains(nil) ? nil : parts.compactMap { $0 }
        }
        filter = OrderFilter(
            userId: request.query("userId"), statuses: statuses ?? [], clientOrderId: request.query("clientOrderId"),
            from: query.read("from", moment, time),
            to: query.read("to", moment, time))
        limit = query.read("limit", in: 1...OrderStore.pageLimit) ?? defaultLimit
        cursor = query.read("cursor", "must be the nextCursor of an earlier answer") { OrderCursor(parsing: $0) }
        view = query.read("view", "must be full or summary") { ListView(rawValue: $0) } ?? .full
        try query.check()
    }

    /// The orders that match and that a caller may see.
    func filter(for principal: Principal) -> OrderFilter {
        var filter = filter
        if case .own(let owner) = principal.sight { filter.owner = owner }
        return filter
    }
}
