internal import EventLoop
internal import HTTP
internal import JSON
internal import ServiceKit

/// `GET /api/doctor`: the findings of all checks, and what to do about them.
@ServiceActor
struct DoctorRoutes {
    private static let usualStuckAfter = 120
    private static let maxStuckAfter = 86_400

    let examination: Examination

    func add(to router: HTTPRouter) {
        router.get("/api/doctor", query: ["stuckAfterSeconds"], for: .examine) { request, _ in
            let checks = await examination.run(stuckAfter: .seconds(try Self.stuckAfter(request)))
            let body = JSONWriter.object {
                $0.field("healthy", !checks.contains { $0.verdict == .fault })
                $0.field("checks", checks)
            }
            return .json(200, body)
        }
    }

    private static func stuckAfter(_ request: HTTPRequest) throws(Problem) -> Int {
        var query = QueryReader(request)
        let number = "whole number from 1 to \(maxStuckAfter)"
        let seconds = query.read("stuckAfterSeconds", "is no \(number)", alone: "stuckAfterSeconds has to be a \(number)") { text in
            Int(text).flatMap { (1...maxStuckAfter).contains($0) ? $0 : nil }
        }
        try query.check()
        return seconds ?? usualStuckAfter
    }
}
