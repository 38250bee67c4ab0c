internal import EventLoop
internal import HTTP
internal import JSON
internal import Observability
internal import Orders
internal import Pipeline
internal import Redis
internal import ServiceKit

/// `GET /api/partitions`, `POST /api/partitions/grow`: over how many partitions orders are shared out, and more of them while the engine works.
@ServiceActor
struct PartitionRoutes {
    let process: ServiceProcess
    /// Whether orders of users are counted, which a cluster can only do in one partition.
    let countsOrders: Bool

    func add(to router: HTTPRouter) {
        router.get("/api/partitions", query: [], for: .operate) { _, _ in try await show(200) }
        router.post("/api/partitions/grow", query: []) { request, _ in
            let count = try Self.count(request.body)
            if countsOrders || process.access.countsOrders, process.redis.isCluster, count > 1 { throw Problem.countsOrdersInCluster }
            let refusal = try await redis(changes: true) { try await process.pipeline.grow(to: count) }
            if let refusal { throw Problem(refusal) }
            process.log.info("partitions.growing", ["count": .integer(count)])
            return try await show(202)
        }
    }

    private func show(_ status: Int) async throws -> HTTPResponse {
        let standing = try await redis { try await process.pipeline.partitionStanding() }
        return .json(
            status,
            JSONWriter.object {
                $0.field("count", standing.count)
                $0.field("growingTo", orNull: standing.growingTo)
                $0.field("waitingFor", standing.waitingFor)
                $0.raw("former", "[" + standing.former.map(Self.json).joined(separator: ",") + "]")
                $0.field("outdated", standing.outdated)
            })
    }

    private static func json(_ former: PartitionStanding.Former) -> String {
        JSONWriter.object {
            $0.field("count", former.count)
            $0.field("until", Timestamp.text(milliseconds: former.until))
        }
    }

    private static func count(_ body: [UInt8]) throws(Problem) -> Int {
        guard let value = try? JSONValue.parse(body), let count = value["count"]?.integer, (1...256).contains(count) else { throw .badPartitionCount }
        return Int(count)
    }

    private func redis<Value>(changes: Bool = false, _ body: @ServiceActor () async throws -> Value) async throws -> Value {
        try await answering("The count of partitions cannot be read or changed", changes: changes, body)
    }
}
