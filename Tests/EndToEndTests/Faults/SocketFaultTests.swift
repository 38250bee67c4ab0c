import EventLoop
import Glibc
import JSON
import Redis
import TestSupport
import Testing

/// Tests clients that do not read, vanish without closing their socket, or come back all at once.
@Suite("Faults of clients", .onLoop, .serialized) @ServiceActor
struct SocketFaultTests {
    /// Appends an event to an order as a step does.
    private nonisolated static let publish = """
        redis.call('HSET', KEYS[1], 's', 'routing 1 1 ' .. ARGV[2] .. ' 1768030217789 accepted:1-0', ARGV[2], '{' .. ARGV[3])
        return redis.call(ARGV[4], ARGV[5], '{"orderId":"' .. ARGV[1] .. '","status":"routing",' .. ARGV[3])
        """

    @Test(.engine(replicas: [.router: 0, .executor: 0]))
    func `Clients that never read are closed while others get every event in time, and what waits for them is bounded; one that reads again resumes`()
        async throws
    {
        let engine = Engine.current
        let (flooded, quiet) = (try await engine.place(), try await engine.place())
        let deaf = try await together(20) { _ in
            try await WebSocketClient(port: engine.stack.port(.notifier), path: "/v1/stream?orderId=\(flooded)", receiveBuffer: 4096)
        }
        let listener = try await engine.socket("/v1/stream?orderId=\(quiet)")
        _ = try await listener.text()
        try await eventually { try await engine.metric("sockets_open") == 21 }
        let before = engine.stack.usage(.notifier).memory
        let start = MonotonicInstant.now
        let flood = Loop.spawn {
            for seq in 2...150 { try await publish(flooded, seq, padding: 20_000) }
        }
        let delays = try await streamed(quiet, to: listener, count: 100)
        try await flood.value
        // All sockets but the listener's end, at the latest after 5 s in which the client has taken no byte.
        try await eventually(within: .seconds(30)) { try await engine.metric("sockets_open") == 1 }
        let grown = engine.stack.usage(.notifier).memory - before
        print("measured: notifier grew by \(grown >> 10) KiB while 20 clients did not read 3 MB each")
        #expect(grown < 30 << 20)
        Faults.report("events of another order meanwhile, the slowest but one of 100", delays.sorted()[98])
        #expect(delays.sorted()[98] < .seconds(2) + MachineWatch.lost(since: start))

        let first = try await deaf[0].conversation()
        #expect(first.closeCode == 4408 || first.closeCode == 1006)
        let read = first.json.filter { $0["op"]?.string == "event" }.count
        let resumed = try await engine.socket("/v1/stream?orderId=\(flooded)&after=\(read)")
        for seq in (read + 1)...150 { #expect(try JSONValue.parse(await resumed.text())["event"]?["seq"]?.integer == Int64(seq)) }
    }

    /// Publishes events of an order one by one. Returns how long each took from Redis to this client.
    private func streamed(_ id: String, to listener: WebSocketClient, count: Int) async throws -> [Duration] {
        var delays: [Duration] = []
        for seq in 2...(count + 1) {
            try await publish(id, seq, padding: 10)
            // The time starts with the answer of Redis. Other work of the tests delays that answer as much as the event.
            let start = MonotonicInstant.now
            #expect(try JSONValue.parse(await listener.text())["event"]?["seq"]?.integer == Int64(seq))
            delays.append(start.elapsed)
        }
        return delays
    }

    private func publish(_ id: String, _ seq: Int, padding: Int) async throws {
        let message = String(repeating: "x", count: padding)
        let line = #""t":1768030217789,"seq":\#(seq),"type":"routing","progress":10,"message":"\#(message)","attempt":1}"#
        _ = try await Engine.current.redis.send(["EVAL", Self.publish, "1", Engine.key(id), id, String(seq), line] + Engine.current.telling(id))
    }

    @Test(.engine(replicas: [.router: 0, .executor: 0], settings: ["WS_PING_S": "1", "WS_IDLE_S": "3"]))
    func `A client that is gone without a word is closed after the idle time, one that answers pings is not`() async throws {
        let engine = Engine.current
        let id = try await engine.place()
        let gone = try await engine.socket("/v1/stream?orderId=\(id)")
        let alive = try await engine.socket("/v1/stream?orderId=\(id)")
        gone.answersPings = false
        _ = try await gone.text()
        _ = try await alive.text()
        let start = MonotonicInstant.now
        let living = Loop.spawn { try? await alive.conversation(within: .seconds(8)) }
        #expect(try await gone.closeCode() == 1001)
        Faults.report("silent client, until it is closed", start.elapsed, of: .seconds(4))
        // Three seconds for the client, one for the sweep, and some for the machine.
        #expect(start.elapsed > .seconds(2) && start.elapsed < .seconds(7))
        gone.connection.close()
        #expect(await living.value == nil)
        #expect(try await engine.metric("sockets_open") == 1)
    }

    @Test(.engine(replicas: [.executor: 0, .notifier: 2], settings: ["WS_PING_S": "300", "WS_IDLE_S": "600"], ownPostgres: true))
    func `Idle sockets whose notifier ends come back to another all at once, within 30 s, and need no Postgres for orders under way`() async throws {
        let engine = Engine.current
        let (idle, returning) = Faults.full((5000, 5000), else: (1000, 1000))
        let ids = try await engine.place(count: 20)
        for id in ids { try await engine.wait(id, for: ["routed"]) }
        let staying = try await connect(idle, to: 2, ids)
        let leaving = try await connect(returning, to: 1, ids)
        print("measured: notifier 2 has \(engine.stack.usage(.notifier, 2).memory >> 20) MiB with \(idle) sockets")
        // A notifier that asks Postgres now gets no answer, and would close the socket.
        try await engine.stack.postgres.kill()
        try await engine.stack.kill(.notifier, 1)
        let start = MonotonicInstant.now
        for socket in leaving { socket.connection.close() }
        let back = try await connect(returning, to: 2, ids)
        Faults.report("\(returning) sockets at once, until each is back", start.elapsed, of: .seconds(30))
        #expect(start.elapsed < .seconds(30))
        #expect(try await engine.metric("sockets_open", notifier: 2) == Double(idle + returning))

        try await engine.stack.start(.executor)
        for socket in [staying[0], staying[idle - 1], back[0], back[returning - 1]] {
            #expect(try await socket.conversation().json.map { $0["event"]?["seq"]?.integer } == [4, 5, 6, 7])
        }
        try await engine.stack.postgres.restart()
        try await engine.waitForPostgres()
        try await engine.audit(ids)
    }

    /// Opens sockets, all at once, and waits until each has the three events of its order.
    private func connect(_ count: Int, to notifier: Int, _ ids: [String]) async throws -> [WebSocketClient] {
        let port = Engine.current.stack.port(.notifier, notifier)
        return try await together(count) { index in
            let socket = try await WebSocketClient(port: port, path: "/v1/stream?orderId=\(ids[index % ids.count])", within: .seconds(60))
            for seq in 1...3 { #expect(try JSONValue.parse(await socket.text(within: .seconds(60)))["event"]?["seq"]?.integer == Int64(seq)) }
            return socket
        }
    }
}
