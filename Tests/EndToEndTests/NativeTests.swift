import EventLoop
import JSON
import TestSupport
import Testing

extension OneEngine {
    @Suite("Native sockets") @ServiceActor
    struct NativeSockets {
        private let engine = Engine.current

        @Test(arguments: [1, 2])
        func `Many orders on one socket, subscribed to before, amid and after their lives: each event once, in order, then done`(notifier: Int)
            async throws
        {
            let client = try await engine.native(notifier: notifier)
            var ids = try await engine.place(count: 10)
            try await engine.waitForEnd(ids)
            for _ in 0..<20 {
                let id = try await engine.place()
                ids.append(id)
                try await client.subscribe(id)
            }
            for id in ids.prefix(10) { try await client.subscribe(id) }
            try await client.read { $0.done.count == ids.count }
            for id in ids { #expect(try await engine.events(id) == client.events[id]) }
            #expect(client.all("subscribed").count == ids.count && client.others.count == ids.count)
            try await client.drain()
        }

        @Test func `What cannot be done is told, and the socket goes on`() async throws {
            let client = try await engine.native()
            let id = try await engine.place()
            try await engine.waitForEnd([id])
            let nobodys = "0198c1f2-0000-7000-8000-00000000ff00"
            let start = MonotonicInstant.now
            try await client.subscribe(nobodys)
            try await client.send("{")
            try await client.send(#"{"op":"subscribe","orderId":"42"}"#)
            try await client.read { $0.all("error").count == 3 }
            #expect(client.all("error").map { $0["code"]?.string } == ["BAD_REQUEST", "BAD_REQUEST", "UNKNOWN_ORDER"])
            #expect(client.others.last?["orderId"]?.string == nobodys && start.elapsed > .milliseconds(1900))
            // More events than the order will ever have: the client remembers what the engine has lost.
            try await client.subscribe(id, after: 9)
            try await client.read { $0.done == [id] }
            #expect(client.others.last?["code"]?.string == "SEQ_AHEAD" && client.others.last?["seq"]?.integer == 7)
            #expect(client.seqs[id] == [1, 2, 3, 4, 5, 6, 7])
            try await client.subscribe(id, after: 7)
            try await client.drain()
            #expect(client.seqs[id]?.count == 7)
        }

        @Test func `An order may be subscribed to before it is placed, a little`() async throws {
            let client = try await engine.native(notifier: 2)
            let user = "early-\(UInt32.random(in: .min ... .max))"
            try await client.subscribe(user: user)
            try await client.read { $0.all("subscribed").count == 1 }
            let id = try await engine.place(Engine.order(of: user))
            try await client.subscribe(id)
            try await client.read { $0.ended == [id] }
            #expect(client.seqs == [id: [1, 2, 3, 4, 5, 6, 7]])
        }
    }
}

/// Tests orders that stand still until the test lets them go on.
@Suite("Native sockets of waiting orders", .onLoop) @ServiceActor
struct NativeWaitingTests {
    @Test(.engine(replicas: [.executor: 0, .notifier: 2]))
    func `A user's orders, placed before and after, come from their first event, each event once, also where an order is subscribed to as well`()
        async throws
    {
        let engine = Engine.current
        let before = try await engine.place(count: 5, Engine.order(of: "u:1"))
        _ = try await engine.place(count: 2, Engine.order(of: "u"))
        _ = try await engine.place(count: 2)
        for id in before { try await engine.wait(id, for: ["routed"]) }
        let clients = [try await engine.native(), try await engine.native(notifier: 2)]
        for client in clients { try await client.subscribe(user: "u:1") }
        try await clients[1].read { $0.all("subscribed").count == 1 }
        try await clients[1].subscribe(before[0], after: 2)
        for client in clients { try await client.read { $0.seqs.values.map(\.count).reduce(0, +) >= 15 } }
        try await engine.stack.start(.executor)
        let ids = before + (try await engine.place(count: 5, Engine.order(of: "u:1")))
        for client in clients { try await client.read { $0.ended.count == 10 } }
        for client in clients {
            try await client.drain()
            #expect(Set(client.seqs.keys) == Set(ids))
            for id in ids { #expect(client.seqs[id] == [1, 2, 3, 4, 5, 6, 7]) }
        }
        #expect(clients[1].done == [before[0]] && clients[0].done == [])
        #expect(clients[0].all("subscribed").first?["orders"]?.integer == 5)

        // A client that comes when all is over sees nothing, unless it names the time since which it was away.
        let late = try await engine.native()
        try await late.subscribe(user: "u:1")
        try await late.read { $0.all("subscribed").count == 1 }
        try await late.drain()
        #expect(late.seqs.isEmpty)
        let back = try await engine.native(notifier: 2)
        try await back.subscribe(user: "u:1", since: clients[0].timestamp)
        try await back.read { $0.ended.count == 10 }
        #expect(back.events == clients[0].events)
    }

    @Test(.engine(replicas: [.executor: 0]))
    func `After an unsubscribe and a pong nothing comes of an order or a user, and the rest goes on`() async throws {
        let engine = Engine.current
        let (left, kept) = (try await engine.place(), try await engine.place())
        _ = try await engine.place(Engine.order(of: "u"))
        for id in [left, kept] { try await engine.wait(id, for: ["routed"]) }
        let client = try await engine.native()
        for id in [left, kept] { try await client.subscribe(id, after: 3) }
        try await client.subscribe(user: "u")
        try await client.read { $0.all("subscribed").count == 3 }
        try await client.send(#"{"op":"unsubscribe","orderId":"\#(left)"}"#)
        try await client.send(#"{"op":"unsubscribe","userId":"u"}"#)
        try await client.drain()
        let before = client.seqs
        #expect(before[left] == nil)
        try await engine.stack.start(.executor)
        try await client.read { $0.done == [kept] }
        try await engine.waitForEnd([left])
        try await client.drain()
        #expect(client.seqs == before.merging([kept: [4, 5, 6, 7]]) { $1 })
        try await eventually { try await engine.metric("orders_watched") == 0 }
    }

    @Test(.engine(replicas: [.executor: 0]))
    func `A thousand orders on one socket, and one more is refused`() async throws {
        let engine = Engine.current
        var ids: [String] = []
        for batch in 0..<13 { ids += try await together(77) { try await engine.insist(key: "\(batch)-\($0)") } }
        for id in ids { try await engine.wait(id, for: ["routed"], within: .seconds(60)) }
        let client = try await engine.native()
        let start = MonotonicInstant.now
        for id in ids { try await client.subscribe(id) }
        try await client.read { $0.seqs.count == 1000 && $0.seqs.values.allSatisfy { $0.count == 3 } }
        print("measured: 1000 orders on one socket replayed in \(start.elapsed.inMilliseconds) ms")
        #expect(client.all("error").map { [$0["code"]?.string, $0["orderId"]?.string] } == [["TOO_MANY", ids[1000]]])
        try await engine.stack.start(.executor)
        try await client.read(within: .seconds(120)) { $0.done.count == 1000 }
        #expect(client.seqs.values.allSatisfy { $0 == [1, 2, 3, 4, 5, 6, 7] })
        try await client.subscribe(ids[1000])
        try await client.read { $0.done.count == 1001 }
    }
}
