import Configuration
import EventLoop
import JSON
import Orders
import TestSupport
import Testing

@testable import GatewayService
@testable import Pipeline
@testable import ServiceKit

@Suite(.onLoop) @ServiceActor
struct ActivityTests {
    private static let quiet = PipelineLag(streams: [], retriesWaiting: 0, retriesDue: 0, deadLetters: 0, pause: nil)

    private func executor(_ name: String, confirmed: Int, after milliseconds: Int = 2000) -> ServiceInstance {
        var tally = EndTally()
        for _ in 0..<confirmed { tally.count(OrderEnd(.confirmed, age: .milliseconds(milliseconds))) }
        return ServiceInstance(name: name, service: "executor", fields: ["ended": tally.text])
    }

    @Test func `orders that ended count once, over all processes and their restarts, and none of before the history began`() {
        var activity = Activity()
        activity.add(Self.quiet, [executor("a", confirmed: 40)], at: 10_000)
        activity.add(Self.quiet, [executor("a", confirmed: 42), executor("b", confirmed: 3)], at: 11_000)
        activity.add(Self.quiet, [], at: 12_000)
        activity.add(Self.quiet, [executor("a", confirmed: 43), executor("b", confirmed: 3)], at: 16_000)
        let points = activity.points(since: 0, step: Activity.slice)
        #expect(points.map(\.at) == [10_000, 15_000])
        #expect(points.map { $0.ended.ended(.confirmed) } == [5, 1])
        #expect(activity.points(since: 0, step: 60_000).map { $0.ended.ended(.confirmed) } == [6])
    }

    @Test func `an hour is kept and no more, however the clock runs and however many processes come and go`() {
        var activity = Activity()
        for second in 0..<5000 { activity.add(Self.quiet, [executor("p\(second)", confirmed: 1)], at: UInt64(second) * 1000) }
        activity.add(Self.quiet, [], at: 0)
        let points = activity.points(since: 0, step: Activity.slice)
        #expect(points.count == 720 && points.last?.at == 4_995_000)
        #expect(points.dropFirst().dropLast().allSatisfy { $0.ended.ended(.confirmed) == 5 })
    }

    @Test func `the activity of a gateway shows what waited and what ended, in slices that can be asked for one by one`() async throws {
        try await withGateway { test, http in
            for _ in 0..<3 { try await test.accept(Samples.order()) }
            try await eventually { try await http.get("/api/activity")["points"]?.array?.last?["waiting"]?["accepted"]?.integer == 3 }
            var tally = EndTally()
            for time in [100, 200, 300, 400] { tally.count(OrderEnd(.confirmed, age: .milliseconds(time))) }
            tally.count(OrderEnd(.failed))
            let beat = Heartbeat(redis: test.redis, service: "executor", name: "executor-x") { ["ended": tally.text] }
            await beat.beat()
            try await eventually { try await http.get("/api/activity")["summary"]?["ended"]?["confirmed"]?.integer == 4 }
            let answer = try await http.get("/api/activity?seconds=60")
            let summary = try #require(answer["summary"])
            #expect(answer["stepSeconds"]?.integer == 5 && summary["ended"]?["failed"]?.integer == 1)
            let median = try #require(summary["latencyMs"]?["median"]?.integer)
            #expect(abs(median - 200) * 16 <= 200)
            let last = try #require(answer["points"]?.array?.last?["at"]?.string)
            #expect(try await http.get("/api/activity?from=\(last)")["points"]?.array?.first?["at"]?.string == last)
            #expect(try await http.get("/api/activity?seconds=3600")["stepSeconds"]?.integer == 60)
        }
    }

    @Test func `the end of an order is in the next heartbeat of the process that saw it`() async throws {
        try await withGateway { test, http in
            let order = Samples.order()
            try await test.accept(order)
            #expect(try await http.send("DELETE", "/api/orders/\(order.id)").status == 200)
            await test.process.heartbeat.beat()
            let fields = try #require(try await test.pipeline.instances().first { $0.service == "gateway" }?.fields)
            #expect(fields["ended"].flatMap { EndTally(parsing: $0) }?.ended(.cancelled) == 1)
        }
    }

    @Test(arguments: ["59", "3601", "x", "9223372036854775808"])
    func `parameters that cannot be used are named, all at once`(_ seconds: String) async throws {
        try await withGateway { _, http in
            let answer = try await http.get("/api/activity?seconds=\(seconds)&from=yesterday")
            #expect(answer.status == 400)
            #expect(answer["errors"]?.array?.compactMap { $0["field"]?.string } == ["seconds", "from"])
        }
    }
}
