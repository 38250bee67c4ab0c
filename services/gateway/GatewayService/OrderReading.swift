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
    /// When a caller that may not see every order is told that there is none: longer than any order takes to read.
    private static let hiding = Duration.milliseconds(20)

    private let pipeline: OrderPipeline
    private let store: OrderStore

    init(pipeline: OrderPipeline, store: OrderStore) {
        self.pipeline = pipeline
        self.store = store
    }

    /// An order and its events. Throws a 400, 404 or 503.
    ///
    /// To whom an order is hidden, it is as if there were none: the same two places are asked, and the refusal comes at the same time.
    func order(_ text: String, for principal: Principal) async throws -> OrderFold {
        let id = try Self.id(text)
        let start = MonotonicInstant.now
        if let found = try await find(id, for: principal) { return found }
        // To read an order takes longer than to find none, and whoever asks often enough could tell.
        if principal.sight != .all { try? await sleep(for: max(.zero, Self.hiding - start.elapsed)) }
        throw Problem.unknownOrder
    }

    private func find(_ id: OrderID, for principal: Principal) async throws -> OrderFold? {
        try await answering("The order cannot be looked up") {
            do throws(PipelineError) {
                if let snapshot = try await pipeline.survivingSnapshot(id), principal.sees(snapshot.order) { return snapshot }
            } catch {
                // Too few replicas have what Redis says. What Postgres has is not lost with a master.
                guard pipeline.barrier != nil, error.code == .notReady, let stored = try await stored(id, for: principal) else { throw error }
                return stored
            }
            return try await stored(id, for: principal)
        }
    }

    private func stored(_ id: OrderID, for principal: Principal) async throws -> OrderFold? {
        try await store.order(id).flatMap { principal.sees($0.order) ? $0 : nil }
    }

    /// The order id in a path.
    static func id(_ text: String) throws(Problem) -> OrderID {
        guard let id = OrderID(parsing: text) else { throw .notUUID }
        return id
    }
}
