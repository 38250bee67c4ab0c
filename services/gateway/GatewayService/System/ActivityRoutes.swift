internal import EventLoop
internal import HTTP
internal import JSON
internal import Orders
internal import Pipeline
internal import ServiceKit

/// `GET /api/activity`: the last minutes, or the last hour, in slices.
@ServiceActor
final class ActivityRoutes {
    private static let usualSeconds = 300
    private static let seconds = 60...3600
    /// Up to this window a slice has five seconds, above it a minute.
    private static let fineSeconds = 600
    private static let coarseStep: UInt64 = 60_000

    private let clock: RedisClock
    private var activity = Activity()

    init(lag: LagSampler, clock: RedisClock) {
        self.clock = clock
        lag.onSample = { [weak self] lag, instances in self?.take(lag, instances) }
    }

    func add(to router: HTTPRouter) { router.get("/api/activity", query: ["seconds", "from"], for: .read) { request, _ in try self.show(request) } }

    private func take(_ lag: PipelineLag, _ instances: [ServiceInstance]) { if let now = clock.now { activity.add(lag, instances, at: now) } }

    private func show(_ request: HTTPRequest) throws(Problem) -> HTTPResponse {
        let query = try ActivityQuery(request, usual: Self.usualSeconds, allowed: Self.seconds)
        let now = clock.now ?? WallClock.milliseconds
        let step = query.seconds <= Self.fineSeconds ? Activity.slice : Self.coarseStep
        let window = UInt64(query.seconds) * 1000
        // Whole slices only: half of a slice would look like a calm time.
        let begin = now > window ? now - window : 0
        let first = begin + (step - begin % step) % step
        let points = activity.points(since: first, step: step)
        let body = JSONWriter.object { writer in
            writer.field("now", Timestamp.text(milliseconds: now))
            writer.field("stepSeconds", Int(step / 1000))
            writer.array("points") { list in
                for point in points where point.at >= query.from { point.write(to: &list) }
            }
            writer.object("summary") { points.reduce(EndTally()) { $0 + $1.ended }.write(to: &$0) }
        }
        return .json(200, body)
    }
}

/// The parameters of the activity. An error names everything that is wrong with them.
private struct ActivityQuery {
    let seconds: Int
    let from: UInt64

    init(_ request: HTTPRequest, usual: Int, allowed: ClosedRange<Int>) throws(Problem) {
        var query = QueryReader(request)
        seconds = query.read("seconds", in: allowed) ?? usual
        from =
            query.read("from", "must be a time with a zone such as 2026-01-10T07:30:00Z") { Timestamp.parse($0).flatMap { UInt64(exactly: $0) } } ?? 0
        try query.check()
    }
}
