import EventLoop
import Glibc
import Redis
import TestSupport
import Testing

/// Tests clients of the native dialect that are slow, or that lose their notifier or their Redis.
@Suite("Faults around native sockets", .onLoop) @ServiceActor
struct NativeFaultTests {
    private nonisolated static let publish = """
        for number = ARGV[2], ARGV[3] do
          local seq = string.format('%d', number)
          local line = string.gsub(ARGV[4], '"seq":0', '"seq":' .. seq)
          redis.call('HSET', KEYS[1], 's', 'routing 1 1 ' .. seq .. ' 1768030217789 accepted:1-0', seq, '{' .. line)
          redis.call(ARGV[5], ARGV[6], '{"orderId":"' .. ARGV[1] .. '","status":"routing",' .. line)
        end
        """

    /// Adds events of 2.5 KB to an order, as steps do.
    private func flood(_ id: String, _ seqs: ClosedRange<Int>) async throws {
        let line = #""t":1768030217789,"seq":0,"type":"routing","progress":10,"message":"\#(String(repeating: "x", count: 2500))","attempt":1}"#
        let command = ["EVAL", Self.publish, "1", Engine.key(id), id, String(seqs.lowerBound), String(seqs.upperBound), line]
        _ = try await Engine.current.redis.send(command + Engine.current.telling(id))
    }

    @Test(.engine(replicas: [.router: 0, .executor: 0]))
    func `A client that reads too slowly is closed with 4408, and resumes each order where it was, without a gap`() async throws {
        let engine = Engine.current
        let ids = try await engine.place(count: 400)
        let slow = NativeClient(try await WebSocketClient(port: engine.stack.port(.notifier), path: "/v1/stream", receiveBuffer: 4096))
        for id in ids { try await slow.subscribe(id) }
        try await slow.read { $0.seqs.count == 400 }
        let flooding = Loop.spawn { for seq in stride(from: 2, to: 22, by: 4) { for id in ids { try await flood(id, seq...(seq + 3)) } } }
        var isGivenUp = false
        var end: String?
        while end == nil {
            do {
                try await slow.read()
                // It reads no faster than it asks whether the notifier has given it up.
                if !isGivenUp { isGivenUp = try await engine.metric(#"slow_clients_closed_total{transport="websocket"}"#) == 1 }
            } catch let failure as TestFailure {
                end = "\(failure)"
            }
        }
        // If the client has not read in time what was queued before the close frame, the connection just ends.
        #expect(end?.contains("4408") == true || end?.contains("ended") == true, "\(end ?? "")")
        try await flooding.value
        #expect(slow.seqs.values.map(\.count).reduce(0, +) < 400 * 21)

        let resumed = try await engine.native()
        for id in ids { try await resumed.subscribe(id, after: slow.seqs[id]?.last ?? 0) }
        try await resumed.read { client in ids.allSatisfy { (slow.seqs[$0]?.last ?? 0) == 21 || client.seqs[$0]?.last == 21 } }
        for id in ids { #expect((slow.seqs[id] ?? []) + (resumed.seqs[id] ?? []) == Array(1...21)) }
    }

    @Test(.engine(replicas: [.notifier: 2], settings: ["MOCK_SWAP_LATENCY_MS": "500-3000"]))
    func `Redis ends and comes back amid orders: clients on two notifiers, by order and by user, see every event once, in order`() async throws {
        let engine = Engine.current
        let clients = [try await engine.native(), try await engine.native(notifier: 2)]
        for client in clients { try await client.subscribe(user: "u") }
        for client in clients { try await client.read { $0.all("subscribed").count == 1 } }
        let load = Loop.spawn { try await self.load(count: 40, user: "u") }
        try await sleep(for: .milliseconds(700))
        try await engine.stack.redis.kill()
        // This subscription is sent while Redis is away.
        try await clients[0].subscribe(user: "v")
        try await sleep(for: .milliseconds(700))
        try await engine.stack.redis.restart()
        let ids = try await load.value
        try await clients[1].subscribe(ids[39])
        for client in clients {
            try await client.read { $0.ended.isSuperset(of: ids) }
            for id in ids { #expect(try await engine.events(id) == client.events[id]) }
            #expect(client.all("error").isEmpty)
        }
        try await clients[0].read { $0.all("subscribed").count == 2 }
        let id = try await engine.insist(key: "v", Engine.order(of: "v"))
        try await clients[0].read { $0.ended.contains(id) }
    }

    @Test(.engine(replicas: [.notifier: 2]))
    func `A notifier ends amid orders: its client goes on at another with what it last saw, and misses nothing`() async throws {
        let engine = Engine.current
        let first = try await engine.native()
        try await first.subscribe(user: "u")
        try await first.read { $0.all("subscribed").count == 1 }
        let load = Loop.spawn { try await self.load(count: 40, user: "u") }
        try await first.read { $0.ended.count >= 5 }
        try await engine.stack.kill(.notifier, 1)
        while (try? await first.read()) != nil {}
        try await sleep(for: .milliseconds(500))
        let second = try await engine.native(notifier: 2)
        try await second.subscribe(user: "u", since: first.timestamp)
        let ids = try await load.value
        try await second.read { second in ids.allSatisfy { first.ended.contains($0) || second.ended.contains($0) } }
        for id in ids {
            let all = try await engine.events(id)
            // An order that the first client has not seen to its end is replayed whole to the second.
            #expect(second.events[id] == all || first.events[id] == all, "\(id)")
            #expect(first.events[id].map { $0 == Array(all.prefix($0.count)) } ?? true)
        }
    }

    /// Places orders of a user at a steady pace, however often it has to try.
    private func load(count: Int, user: String) async throws -> [String] {
        var ids: [String] = []
        for index in 0..<count {
            ids.append(try await Engine.current.insist(key: "k-\(index)", Engine.order(of: user)))
            try await sleep(for: .milliseconds(20))
        }
        return ids
    }
}
