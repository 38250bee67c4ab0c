internal import EventLoop
internal import HTTP
internal import JSON
internal import Observability
internal import Pipeline
internal import ServiceKit

/// `GET /api/door`, `POST /api/door/pause`, `POST /api/door/resume`: whether the engine is paused. A pause holds for all gateways, and over restarts.
@ServiceActor
struct PauseRoutes {
    private static let maxReasonCharacters = 200

    let process: ServiceProcess

    func add(to router: HTTPRouter) {
        router.get("/api/door", query: [], for: .read) { _, _ in try await show() }
        router.post("/api/door/pause", query: []) { request, _ in
            let reason = try Self.reason(request.body)
            try await redis(changes: true) { try await process.pipeline.pause(reason: reason) }
            process.log.warning("door.paused", ["reason": .string(reason)])
            return try await show()
        }
        router.post("/api/door/resume", query: []) { _, _ in
            try await redis(changes: true) { try await process.pipeline.resume() }
            process.log.info("door.resumed")
            return try await show()
        }
    }

    private func show() async throws -> HTTPResponse {
        .json(200, PauseRecord.json(of: try await redis { try await process.pipeline.currentPause() }))
    }

    /// The reason in a body `{"reason":"…"}`; empty if there is no body or no reason in it.
    private static func reason(_ body: [UInt8]) throws(Problem) -> String {
        guard !body.isEmpty else { return "" }
        guard let value = try? JSONValue.parse(body), value.object != nil else { throw .badPause }
        guard let reason = value.given("reason") else { return "" }
        guard let text = reason.string?.unicodeScalars, text.count <= maxReasonCharacters,
            !text.contains(where: { $0.value < 0x20 || $0.value == 0x7f })
        else { throw .badPauseReason(maxCharacters: maxReasonCharacters) }
        return String(text)
    }

    private func redis<Value>(changes: Bool = false, _ body: @ServiceActor () async throws -> Value) async throws -> Value {
        try await answering("The pause cannot be read or changed", changes: changes, body)
    }
}
