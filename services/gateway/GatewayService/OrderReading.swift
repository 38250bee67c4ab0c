internal import EventLoop
internal import HTTP
internal import Orders
internal import Pipeline
internal import ServiceKit
internal import Storage

/// Finds orders: first in Redis, so that a read is never behind a socket, then in Postgres for orders that have left Redis.
@ServiceActor
final class OrderReading {
    private let pipeline: OrderPipeline
    private let store: OrderStore

    init(pipeline: OrderPipeline, store: OrderStore) {
        self.pipeline = pipeline
        self.store = store
    }

    /// An order and its events. Throws a 400, 404 or 503.
    func order(_ text: String) async throws -> OrderFold {
        let id = try Self.id(text)
        return try await answering("The order cannot be looked up") {
            if let snapshot = try await pipeline.snapshot(id) { return snapshot }
            guard let stored = try await store.order(id) else { throw Problem.unknownOrder }
            return stored
        }
    }

    /// The order id in a path.
    static func id(_ text: String) throws(Problem) -> OrderID {
        guard let id = OrderID(parsing: text) else { throw .notUUID }
        return id
    }
}
