internal import EventLoop
internal import HTTP
internal import JSON
internal import Orders
internal import Pipeline
internal import Postgres
internal import ServiceKit
internal import Storage

/// `GET /api/dead-letters`, `POST /api/dead-letters/{id}/retry`, `DELETE /api/dead-letters/{id}`: what could not be handled, for people.
@ServiceActor
struct DeadLetterRoutes {
    private static let defaultLimit = 100
    private static let mostLimit = 1000

    let pipeline: OrderPipeline
    let store: OrderStore

    func add(to router: HTTPRouter) {
        router.get("/api/dead-letters", query: ["limit", "cursor"]) { request, _ in try await list(request) }
        router.post("/api/dead-letters/{id}/retry", query: []) { _, parameters in try await retry(parameters["id"]) }
        router.delete("/api/dead-letters/{id}", query: []) { _, parameters in try await drop(parameters["id"]) }
    }

    private func list(_ request: HTTPRequest) async throws -> HTTPResponse {
        var query = QueryReader(request)
        let limit = query.read("limit", in: 1...Self.mostLimit) ?? Self.defaultLimit
        let cursor = query.read("cursor", "must be the nextCursor of an earlier answer") { DeadLetterID(parsing: $0) }
        try query.check()
        let page = try await redis { try await pipeline.deadLetters(after: cursor, limit: limit) }
        let body = JSONWriter.object {
            $0.field("deadLetters", page.letters)
            $0.field("nextCursor", orNull: page.next?.description)
        }
        return .json(200, body)
    }

    private func retry(_ text: String) async throws -> HTTPResponse {
        guard let id = DeadLetterID(parsing: text) else { throw Self.unknown }
        var outcome = try await redis(changes: true) { try await pipeline.retry(id) }
        if case .orderMissing(let order) = outcome {
            try await refuseWhereFinal(order)
            outcome = try await redis(changes: true) { try await pipeline.retry(id, evenWithoutOrder: true) }
        }
        switch outcome {
        case .restored(let stream, let entry): return .json(200, Self.restored(id, stream: stream, entry: entry))
        case .unknown: throw Self.unknown
        case .final(let state): throw Self.isFinal(state.rawValue)
        case .unusable, .orderMissing:
            throw Problem(409, code: "UNUSABLE_LETTER", "This dead letter has nothing that could be put back on a stream; drop it instead")
        }
    }

    private func drop(_ text: String) async throws -> HTTPResponse {
        guard let id = DeadLetterID(parsing: text) else { throw Self.unknown }
        switch try await redis(changes: true, { try await pipeline.drop(id) }) {
        case .dropped:
            let body = JSONWriter.object {
                $0.field("success", true)
                $0.field("id", id.description)
            }
            return .json(200, body)
        case .unknown: throw Self.unknown
        case .inDoubt:
            throw Problem(
                409, code: "ORDER_IN_DOUBT",
                "A transaction of this letter's order may be under way and only a retry can follow it to its end; retry the letter instead")
        }
    }

    /// An order that has left Redis is final in Postgres.
    private func refuseWhereFinal(_ id: OrderID?) async throws {
        guard let id else { return }
        let stored: (order: Order, events: [OrderEvent])?
        do {
            stored = try await store.order(id)
        } catch let error as PostgresError {
            throw Problem.database(error, "The dead letters cannot be worked on")
        }
        guard let (order, events) = stored else { return }
        let status = OrderView(order: order, events: events).status
        if status.isFinal { throw Self.isFinal(status.rawValue) }
    }

    private func redis<Value>(changes: Bool = false, _ body: @ServiceActor () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as PipelineError {
            throw error.answer("The dead letters cannot be worked on", changes: changes)
        }
    }

    private static func restored(_ id: DeadLetterID, stream: String, entry: String) -> String {
        JSONWriter.object {
            $0.field("success", true)
            $0.field("id", id.description)
            $0.field("stream", stream)
            $0.field("entry", entry)
        }
    }

    private static var unknown: Problem {
        Problem(404, code: "UNKNOWN_LETTER", "There is no dead letter with this id any more; GET /api/dead-letters lists those there are")
    }

    private static func isFinal(_ status: String) -> Problem {
        Problem(409, code: "ORDER_FINAL", "The order of this dead letter is \(status) already, so nothing is left to do; drop the letter")
    }
}
