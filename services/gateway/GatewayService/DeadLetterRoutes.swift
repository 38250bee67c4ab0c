internal import EventLoop
internal import HTTP
internal import JSON
internal import Orders
internal import Pipeline
internal import ServiceKit
internal import Storage

/// `GET /api/dead-letters`, `POST /api/dead-letters/{id}/retry`, `DELETE /api/dead-letters/{id}`: the dead letters, for operators.
@ServiceActor
struct DeadLetterRoutes {
    private static let defaultLimit = 100
    private static let maxLimit = 1000

    let pipeline: OrderPipeline
    let store: OrderStore

    func add(to router: HTTPRouter) {
        router.get("/api/dead-letters", query: ["limit", "cursor"]) { request, _ in try await list(request) }
        router.post("/api/dead-letters/{id}/retry", query: []) { _, parameters in try await retry(parameters["id"]) }
        router.delete("/api/dead-letters/{id}", query: []) { _, parameters in try await drop(parameters["id"]) }
    }

    private func list(_ request: HTTPRequest) async throws -> HTTPResponse {
        var query = QueryReader(request)
        let limit = query.read("limit", in: 1...Self.maxLimit) ?? Self.defaultLimit
        let cursor = query.read("cursor", "must be the nextCursor of an earlier answer") { DeadLetterID(parsing: $0) }
        try query.check()
        let page = try await worked { try await pipeline.deadLetters(after: cursor, limit: limit) }
        let body = JSONWriter.object {
            $0.field("deadLetters", page.letters)
            $0.field("nextCursor", orNull: page.next?.description)
        }
        return .json(200, body)
    }

    private func retry(_ text: String) async throws -> HTTPResponse {
        guard let id = DeadLetterID(parsing: text) else { throw Problem.unknownLetter }
        var outcome = try await worked(changes: true) { try await pipeline.retry(id) }
        if case .orderMissing(let order) = outcome {
            try await refuseWhereFinal(order)
            outcome = try await worked(changes: true) { try await pipeline.retry(id, evenWithoutOrder: true) }
        }
        switch outcome {
        case .restored(let stream, let entry): return .json(200, Self.restored(id, stream: stream, entry: entry))
        case .unknown: throw Problem.unknownLetter
        case .final(let state): throw Problem.letterOrderFinal(state.rawValue)
        case .unusable, .orderMissing: throw Problem.unusableLetter
        }
    }

    private func drop(_ text: String) async throws -> HTTPResponse {
        guard let id = DeadLetterID(parsing: text) else { throw Problem.unknownLetter }
        switch try await worked(changes: true, { try await pipeline.drop(id) }) {
        case .dropped:
            let body = JSONWriter.object {
                $0.field("success", true)
                $0.field("id", id.description)
            }
            return .json(200, body)
        case .unknown: throw Problem.unknownLetter
        case .inDoubt: throw Problem.letterInDoubt
        }
    }

    /// Refuses if the order is final. An order that has left Redis is final in Postgres.
    private func refuseWhereFinal(_ id: OrderID?) async throws {
        guard let id, let stored = try await worked({ try await store.order(id) }) else { return }
        let status = OrderView(stored).status
        if status.isFinal { throw Problem.letterOrderFinal(status.rawValue) }
    }

    private func worked<Value>(changes: Bool = false, _ body: @ServiceActor () async throws -> Value) async throws -> Value {
        try await answering("The dead letters cannot be worked on", changes: changes, body)
    }

    private static func restored(_ id: DeadLetterID, stream: String, entry: String) -> String {
        JSONWriter.object {
            $0.field("success", true)
            $0.field("id", id.description)
            $0.field("stream", stream)
            $0.field("entry", entry)
        }
    }
}
