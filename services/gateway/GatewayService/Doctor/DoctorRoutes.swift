internal import EventLoop
internal import HTTP
internal import JSON

/// `GET /api/doctor`: what is wrong with what the engine stands on, and what to do.
@ServiceActor
struct DoctorRoutes {
    private static let usualStuckAfter = 120
    private static let mostStuckAfter = 86_400

    let examination: Examination

    func add(to router: HTTPRouter) {
        router.get("/api/doctor", query: ["stuckAfterSeconds"]) { request, _ in
            let checks = await examination.run(stuckAfter: .seconds(try Self.stuckAfter(request.query("stuckAfterSeconds"))))
            let body = JSONWriter.object {
                $0.field("healthy", !checks.contains { $0.verdict == .fault })
                $0.field("checks", checks)
            }
            return .json(200, body)
        }
    }

    private static func stuckAfter(_ text: String?) throws(Problem) -> Int {
        guard let text, !text.isEmpty else { return usualStuckAfter }
        guard let seconds = Int(text), (1...mostStuckAfter).contains(seconds) else {
            throw Problem(
                400, code: "BAD_REQUEST", "stuckAfterSeconds has to be a whole number from 1 to \(mostStuckAfter)",
                errors: [Problem.FieldError(field: "stuckAfterSeconds", message: "is no whole number from 1 to \(mostStuckAfter)")])
        }
        return seconds
    }
}
