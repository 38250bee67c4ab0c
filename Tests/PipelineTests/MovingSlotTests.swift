import EventLoop
import Redis
import TestSupport
import Testing

@testable import Pipeline

/// Two nodes of a Redis Cluster, of which the first has all slots.
@ServiceActor
private struct TwoNodes {
    let first: Bench
    let second: RedisClient
    private let port: UInt16
    private let ids: [String]

    static func with(_ body: @ServiceActor (TwoNodes) async throws -> Void) async throws {
        // The port of the cluster's own protocol is usually 10,000 higher, where there may be none.
        func settings() throws -> [String] { ["--cluster-enabled", "yes", "--cluster-port", String(try freePort())] }
        try await withRedis(try settings(), appendonly: false) { first async throws in
            try await withRedis(try settings(), appendonly: false) { second async throws in
                try await joined(first, second, body)
            }
        }
    }

    private static func joined(_ first: RedisServer, _ second: RedisServer, _ body: @ServiceActor (TwoNodes) async throws -> Void) async throws {
        // A slot that is on its way stays so: nothing is tried again.
        let bench = try Bench(url: first.url, settings: PipelineSettings(patience: .zero))
        let other = try Bench(url: second.url, settings: PipelineSettings())
        try await alongside({ await bench.redis.run() }, stop: { bench.redis.close() }) {
            try await alongside({ await other.redis.run() }, stop: { other.redis.close() }) {
                for bench in [bench, other] { try await bench.redis.connected(within: .seconds(20)) }
                try await bench.send("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
                let port = try #require(try await other.send("CONFIG", "GET", "cluster-port").array?.last?.string)
                try await bench.send("CLUSTER", "MEET", "127.0.0.1", String(second.port), port)
                try await eventually {
                    for bench in [bench, other] {
                        guard try await bench.send("CLUSTER", "INFO").string?.contains("cluster_state:ok") == true else { return false }
                    }
                    return try await other.send("CLUSTER", "NODES").string?.contains("0-16383") == true
                }
                let ids = [try await bench.send("CLUSTER", "MYID").string ?? "", try await other.send("CLUSTER", "MYID").string ?? ""]
                try await body(TwoNodes(first: bench, second: other.redis, port: second.port, ids: ids))
            }
        }
    }

    /// Empties both nodes, and makes the groups of partition 0.
    func empty() async throws {
        try await first.send("FLUSHALL")
        _ = try await second.send(["FLUSHALL"])
        try await first.pipeline.createGroups(first.keys)
    }

    /// Runs `body` while the slot of a key is on its way to the second node, where this key is already.
    func moving(_ key: String, _ body: @ServiceActor () async throws -> Void) async throws {
        let slot = String(try #require(try await first.send("CLUSTER", "KEYSLOT", key).integer))
        _ = try await second.send(["CLUSTER", "SETSLOT", slot, "IMPORTING", ids[0]])
        try await first.send("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[1])
        #expect(try await first.send("MIGRATE", "127.0.0.1", String(port), key, "0", "5000").string == "OK")
        try await body()
        try await first.send("CLUSTER", "SETSLOT", slot, "STABLE")
        _ = try await second.send(["CLUSTER", "SETSLOT", slot, "STABLE"])
    }
}

/// Tests that nothing is done by halves while a slot of a Redis Cluster moves from one node to another.
@Suite(.onLoop) @ServiceActor
struct MovingSlotTests {
    @Test func `whichever key has moved already, an operation that is refused has changed nothing`() async throws {
        try await TwoNodes.with { nodes in
            var refused = 0
            for operation in Operation.all {
                try await nodes.empty()
                _ = try await operation.prepare(nodes.first)
                // Keys of orders differ from run to run: the place of a key among those that look alike stands for it.
                let count = try await nodes.first.contents().keys.filter { $0.contains("{0}") }.count
                for index in 0..<count {
                    try await nodes.empty()
                    let act = try await operation.prepare(nodes.first)
                    let keys = try await nodes.first.contents().keys.filter { $0.contains("{0}") }.sorted()
                    guard keys.indices.contains(index) else { continue }
                    try await nodes.moving(keys[index]) {
                        if try await !isDone(operation.name, act, nodes.first, without: keys[index]) { refused += 1 }
                    }
                }
            }
            #expect(refused > 100)
        }
    }

    /// Does an operation. If it fails, nothing may have changed. Returns whether it has succeeded.
    private func isDone(_ name: String, _ act: Operation.Act, _ bench: Bench, without key: String) async throws -> Bool {
        let before = try await bench.contents()
        do { try await act(bench.pipeline) } catch {
            let after = try await bench.contents()
            for other in Set(before.keys).union(after.keys) {
                #expect(before[other] == after[other], "\(name) without \(key): \(other) has changed, and then: \(error)")
            }
            return false
        }
        return true
    }
}
