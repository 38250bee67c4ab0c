internal import Access
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
    ///
    /// To whom an order is hidden, it is as if there were none: the same two places are asked, and so the refusal takes as long.
    func order(_ text: String, for principal: Principal) async throws -> OrderFold {
        let id = try Self.id(text)
        return try await answering("The order cannot be looked up") {
            if let snapshot = try await pipeline.snapshot(id), principal.sees(snapshot.order) { return snapshot }
            guard let stored = try await store.order(id), principal.sees(stored.order) else { throw Problem.unknownOrder }
            return stored
        }
    }

    /// The order id in a path.
    static func id(_ text: String) throws(Problem) -> OrderID {
        guard let id = OrderID(parsing: text) else { throw .notUUID }
        return id
    }
}
