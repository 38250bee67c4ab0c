import EventLoop
import JSON
import Redis
import TestSupport
import Testing

/// Tests that an engine gets more partitions while orders are under way.
@Suite("Growth", .onLoop) @ServiceActor
struct GrowthTests {
    private var engine: Engine { .current }

    /// Places orders again and again, through both gateways in turn, and keeps how long each answer took.
    @ServiceActor
    private final class Clients {
        private(set) var ids: [String: String] = [:]
        private(set) var slowest = Duration.zero
        private var isOver = false
        private var work: Task<Void, any Error>?

        init(_ engine: Engine) {
            work = Loop.spawn {
                var number = 0
                while !self.isOver {
                    number += 1
                    let key = "client-\(number)"
                    let start = MonotonicInstant.now
                    let answer = try await engine.post(Engine.order(of: "grower"), key: key, gateway: 1 + number % 2)
                    self.slowest = max(self.slowest, start.elapsed)
                    #expect(answer.status == 202, "\(answer.text)")
                    self.ids[key] = answer.json["orderId"]?.string
                    try await sleep(for: .milliseconds(15))
                }
            }
        }

        func stop() async throws {
            isOver = true
            try await work?.value
        }
    }

    private func grow(to count: Int) async throws {
        let answer = try await engine.send(
            "POST", "/api/partitions/grow", headers: [("Content-Type", "application/json")], body: #"{"count":\#(count)}"#)
        #expect(answer.status == 202 && answer.json["growingTo"]?.integer == Int64(count), "\(answer.text)")
        try await eventually(within: .seconds(20)) {
            for gateway in 1...2 {
                let state = try await engine.send("GET", "/api/partitions", to: .gateway, gateway).json
                guard state["count"]?.integer == Int64(count), state["waitingFor"]?.array?.isEmpty == true else { return false }
            }
            return true
        }
        engine.stack.partitionCount = count
    }

    private func growUnderLoad() async throws {
        // Who follows a user hears of the orders in new partitions too.
        let follower = try await engine.native()
        try await follower.subscribe(user: "grower")
        let (clients, start) = (Clients(engine), MonotonicInstant.now)
        let waits = Waits(engine)
        try await eventually { clients.ids.count > 60 }
        try await grow(to: 16)
        // A process that starts with the count of before reads as many partitions as the others.
        try await engine.stack.kill(.router, 1)
        try await engine.stack.start(.router)
        let count = clients.ids.count
        try await eventually { clients.ids.count > count + 120 }
        try await clients.stop()
        await waits.stop()
        #expect(waits.areWithin(.seconds(5)), "\(waits.longestMs) ms")
        #expect(clients.slowest < .seconds(1) + MachineWatch.lost(since: start), "\(clients.slowest)")
        // Who repeats a request of before or after gets the same order, at either gateway.
        for (number, (key, id)) in clients.ids.enumerated() where number % 5 == 0 {
            let again = try await engine.post(Engine.order(of: "grower"), key: key, gateway: 1 + number / 5 % 2)
            #expect(again.status == 202 && again.json["orderId"]?.string == id, "\(key): \(again.text)")
        }
        #expect(Set(clients.ids.values).count == clients.ids.count)
        try await engine.audit(Array(clients.ids.values))
        try await follower.read { $0.ended.isSuperset(of: clients.ids.values) }
        for id in clients.ids.values { #expect(try await follower.seqs[id] == engine.events(id).indices.map { Int64($0 + 1) }, "\(id)") }
        var used: Set<Int> = []
        for partition in 0..<16 {
            if try await engine.redis.send(["XLEN", "orders:{\(partition)}:accepted"]).integer ?? 0 > 0 { used.insert(partition) }
        }
        #expect(used.count > 8)
    }

    @Test(.engine(replicas: [.gateway: 2, .router: 2, .executor: 2]))
    func `From one partition to sixteen no order is lost, none is refused, and no key gets a second order`() async throws {
        try await growUnderLoad()
    }

    @Test(.engine(replicas: [.gateway: 2, .router: 2, .executor: 2], settings: ["PARTITIONS": "4"], redisLayout: .cluster))
    func `The same in a cluster, from four partitions`() async throws { try await growUnderLoad() }
}
