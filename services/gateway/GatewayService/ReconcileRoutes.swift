internal import EventLoop
internal import HTTP
internal import JSON
internal import Orders
internal import Pipeline
internal import Postgres
internal import ServiceKit
internal import Storage

/// `GET /api/reconcile`: orders that Postgres knows as under way and Redis has lost. They are reported and never changed.
@ServiceActor
struct ReconcileRoutes {
    private static let mostListed = 1000
    /// What has just moved need not be looked at.
    private static let unmoved = Duration.seconds(2)

    let pipeline: OrderPipeline
    let store: OrderStore

    func add(to router: HTTPRouter) {
        router.get("/api/reconcile", query: []) { _, _ in try await reconcile() }
    }

    private func reconcile() async throws -> HTTPResponse {
        let found: LostOrders
        do {
            found = try await store.lostOrders(unmovedFor: Self.unmoved, listing: Self.mostListed) { try await pipeline.missing($0) }
        } catch let error as PostgresError {
            throw Problem.database(error, "The orders cannot be compared")
        } catch let error as PipelineError {
            throw error.answer("The orders cannot be compared")
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
