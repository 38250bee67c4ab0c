internal import EventLoop
internal import HTTP
internal import Orders
internal import Pipeline
internal import Postgres
internal import ServiceKit
internal import Storage

/// Finds orders: in Redis first, so that a read is never behind what a socket has shown, then in Postgres what has left Redis.
@ServiceActor
final class OrderReading {
    private let pipeline: OrderPipeline
    private let store: OrderStore

    init(pipeline: OrderPipeline, store: OrderStore) {
        self.pipeline = pipeline
        self.store = store
    }

    /// An order and its events. Throws a 400, 404 or 503.
    func order(_ text: String) async throws -> (order: Order, events: [OrderEvent]) {
        let id = try Self.id(text)
        do {
            if let snapshot = try await pipeline.snapshot(id) {
                return (snapshot.order, try snapshot.events.map { try OrderEvent(parsing: $0) })
            }
        } catch let error as PipelineError {
            throw error.answer("The order cannot be looked up")
        }
        do {
            guard let stored = try await store.order(id) else { throw Self.unknown }
            return stored
        } catch let error as PostgresError {
            throw Problem.database(error, "The order cannot be looked up")
        }
    }

    /// The id of a path.
    static func id(_ text: String) throws(Problem) -> OrderID {
        guard let id = OrderID(parsing: text) else {
            throw Problem(
                400, code: "BAD_REQUEST", "The order id is not a UUID; use the orderId that the engine answered",
                errors: [Problem.FieldError(field: "id", message: "is not a UUID")])
        }
        return id
    }

    static var unknown: Problem { Problem(404, code: "UNKNOWN_ORDER", "There is no order with this id; use the orderId that the engine answered") }
}
