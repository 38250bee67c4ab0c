internal import EventLoop
internal import HTTP
internal import JSON
internal import Orders
internal import Pipeline
internal import ServiceKit
internal import Storage

/// `GET /api/reconcile`: orders that Postgres knows as under way and Redis has lost. It only reports them.
@ServiceActor
struct ReconcileRoutes {
    private static let maxListed = 1000
    /// An order that has just moved need not be checked.
    private static let unmoved = Duration.seconds(2)

    let pipeline: OrderPipeline
    let store: OrderStore

    func add(to router: HTTPRouter) { router.get("/api/reconcile", query: [], for: .examine) { _, _ in try await reconcile() } }

    private func reconcile() async throws -> HTTPResponse {
        let found = try await answering("The orders cannot be compared") {
            try await store.lostOrders(unmovedFor: Self.unmoved, listing: Self.maxListed) { try await pipeline.missing($0) }
        }
        let body = JSONWriter.object { writer in
            writer.array("lost") { list in for order in found.listed { Self.write(order, to: &list) } }
            writer.field("lostCount", found.count)
            writer.field("checked", found.checked)
            writer.field("complete", found.isComplete)
        }
        return .json(200, body)
    }

    private static func write(_ order: LostOrder, to list: inout JSONWriter) {
        list.object {
            $0.field("orderId", order.id)
            $0.field("status", order.status.rawValue)
            $0.field("updatedAt", Timestamp.text(milliseconds: order.updatedAt))
        }
    }
}
