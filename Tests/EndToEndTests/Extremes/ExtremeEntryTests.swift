import EventLoop
import Glibc
import JSON
import Redis
import TestSupport
import Testing

/// Tests every number that is kept in Redis: in entries, hashes and sets, and in published messages.
@Suite("Extreme numbers in Redis", .onLoop) @ServiceActor
struct ExtremeEntryTests {
    private var engine: Engine { Engine.current }

    private func unknownID() -> String {
        "0198c1f2-0000-7000-8000-\(String(UInt64.random(in: 0x1000_0000_0000...0xffff_ffff_ff00) & ~0xff, radix: 16))"
    }

    private func add(_ stream: String, _ fields: [String]) async throws -> String {
        try #require(try await engine.redis.send(["XADD", "orders:{0}:\(stream)", "*"] + fields).string)
    }

    /// The dead letters, each as its stream and entry.
    private func letters() async throws -> Set<String> {
        let rows = try await engine.redis.send(["XRANGE", "orders:{0}:dead", "-", "+"]).array ?? []
        return Set(
            rows.map { row in
                let values = row.array?.last?.array?.compactMap(\.string) ?? []
                let fields = Dictionary(stride(from: 0, to: values.count - 1, by: 2).map { (values[$0], values[$0 + 1]) }) { first, _ in first }
                return "\(fields["stream"] ?? "") \(fields["entry"] ?? "")"
            })
    }

    @Test(.engine())
    func `An entry with any number is worked off or becomes a dead letter, and no process ends`() async throws {
        let survivors = Survivors(of: engine)
        let id = try await engine.place()
        try await engine.waitForEnd([id])
        let order = try #require(try await engine.record(id)["order"])
        let event = try #require(try await engine.events(id).first)
        var lost: Set<String> = []
        for value in Extremes.all {
            // The entry is of an order that does not exist, or has no number at all.
            for stream in ["accepted", "routed"] { lost.insert("\(stream) \(try await add(stream, ["id", unknownID(), "round", value]))") }
            let changed = event.replacing(#""seq":1,"#, with: #""seq":\#(value),"#)
            let entry = try await add("events", ["id", id, "seq", value, "event", changed, "order", order])
            // An event that is stored already changes nothing. Any other is of an order that has ended, or of none.
            if Int(value).map({ $0 < 1 }) ?? true { lost.insert("events \(entry)") }
        }
        try await engine.waitUntilIdle()
        let found = try await letters()
        #expect(lost.subtracting(found).sorted() == [])
        try await survivors.check()
    }

    @Test(.engine(settings: ["MOCK_VOLATILITY_BPS": "10"]))
    func `An order's hash with any number ends no process, whoever reads it`() async throws {
        let survivors = Survivors(of: engine)
        let id = try await engine.place(#"{"tokenIn":"SOL","tokenOut":"USDC","amount":"1.5","userId":"u"}"#)
        try await engine.waitForEnd([id])
        let record = try await engine.record(id)
        var copies: [String] = []
        for value in Extremes.whole + ["1e400", "NaN", "", "-0"] {
            for (state, fields) in try spoilt(record, by: value) { copies.append(try await copy(id, as: state, fields)) }
        }
        for copy in copies { try await look(at: copy) }
        try await survivors.check()
        // Orders that cannot be worked off are not lost. They are removed, so that no worker goes on with them in the rest of the test's engine.
        for key in copies.map({ "orders:{0}:order:\($0)" }) { _ = try await engine.redis.send(["DEL", key]) }
    }

    /// An order's hash with one number changed, in every place where there is a number.
    private func spoilt(_ record: [String: String], by value: String) throws -> [(state: String, fields: [String: String])] {
        let transactions = try #require(record["transactions"])
        let route = try #require(record["route"])
        let signature = try #require(record["txHash"])
        let leg = #"{"leg":\#(value),"status":"landed","txHash":"s","amountOut":"\#(value)","quote":"#
        let quote = try #require(JSONValue.parse("{\(route)}")["quote"]).serialized
        let direct = ["attempt", "seq", "round", "maxAttempts", "progress", "deadline", "stored", "routedAt", "stale"].map { ("routed", [$0: value]) }
        return direct + [
            ("routed", ["starts": "executor:1:\(value):t"]), ("routed", ["clock": "routing \(value) pending=\(value)"]),
            ("routed", ["route": route.replacing(#""amountIn":"1500000000""#, with: #""amountIn":"\#(value)""#)]),
            ("routed", ["route": route + #","legs":[\#(leg)\#(quote)},\#(leg)\#(quote)}]"#]),
            ("submitted", ["attempt": value]),
            ("submitted", ["transactions": transactions.replacing(#""attempt":1"#, with: #""attempt":\#(value)"#)]),
            ("submitted", ["transactions": transactions.replacing(#""leg":0"#, with: #""leg":\#(value)"#)]),
            ("submitted", ["transactions": transactions.replacing(signature, with: "sig\(value)")]),
        ]
    }

    /// Makes an order that waits for the executor, as a copy of another order. If the value is in the name of its transaction, that transaction has
    /// landed.
    private func copy(_ id: String, as state: String, _ fields: [String: String]) async throws -> String {
        let copy = unknownID()
        let key = "orders:{0}:order:\(copy)"
        _ = try await engine.redis.send(["COPY", "orders:{0}:order:\(id)", key])
        let entry = try await add("routed", ["id", copy, "round", "1"])
        let all = ["state": state, "entry": "routed \(entry)", "stored": ""].merging(fields) { $1 }
        _ = try await engine.redis.send(["HSET", key] + all.flatMap { [$0.key, $0.value] })
        if let name = fields["transactions"]?.firstMatch(of: /"signature":"(sig[^"]*)"/)?.1 {
            let value = String(name.dropFirst(3))
            _ = try await engine.redis.send([
                "HSET", "chain:{0}:tx:\(name)", "outcome", "landed", "slot", value, "amountOut", value, "code", "",
            ])
        }
        return copy
    }

    /// Reads an order in every possible way, and cancels it.
    private func look(at id: String) async throws {
        for path in ["/api/orders/\(id)", "/api/orders/\(id)/events", "/api/orders/\(id)/events?after=1"] {
            // What cannot be read is the engine's fault (500), with its reason in the log.
            #expect(try await engine.send("GET", path).status < 600)
        }
        let socket = try await WebSocketClient(port: engine.stack.port(.notifier), path: "/v1/stream?orderId=\(id)")
        _ = try await socket.next()
        socket.connection.close()
        #expect(try await engine.send("DELETE", "/api/orders/\(id)").status < 600)
    }

    @Test(.engine())
    func `Whatever number is published, a socket shows its order whole and no process ends`() async throws {
        let survivors = Survivors(of: engine)
        engine.stack.signal(.executor, 1, SIGSTOP)
        let id = try await engine.place(#"{"tokenIn":"SOL","tokenOut":"USDC","amount":"1.5","userId":"u"}"#)
        try await engine.wait(id, for: ["routed"])
        let client = NativeClient(try await engine.socket("/v1/stream"))
        try await client.subscribe(id)
        try await client.subscribe(user: "u")
        try await client.read { $0.seqs[id]?.count == 3 }
        let event = try #require(try await engine.events(id).last)
        for value in Extremes.all {
            for channel in ["updates:\(id)", "updates:user:u"] {
                for text in [event.replacing(#""seq":3,"#, with: #""seq":\#(value),"#), value] {
                    _ = try await engine.redis.send(["PUBLISH", channel, text])
                }
            }
        }
        engine.stack.signal(.executor, 1, SIGCONT)
        try await client.read { $0.ended.contains(id) }
        try await client.drain()
        #expect(client.seqs[id] == [1, 2, 3, 4, 5, 6, 7])
        client.socket.connection.close()
        try await survivors.check()
    }

    @Test(.engine(settings: ["MOCK_VOLATILITY_BPS": "10"]))
    func `Sets, heartbeats, pools' flows and counts of any number end no process`() async throws {
        let survivors = Survivors(of: engine)
        let redis = engine.redis
        let pools = try await engine.send("GET", "/api/pools").json["pools"]?.array?.compactMap { $0["pool"]?.string } ?? []
        for value in Extremes.all {
            let id = unknownID()
            for member in ["accepted:\(id):\(value)", "routed:\(id):\(value)"] {
                _ = try await redis.send(["ZADD", "orders:{0}:retries", "1", member])
            }
            // Redis refuses what is not a score.
            for key in ["orders:{0}:deadlines", "orders:{0}:user:v", "orders:{0}:leaving", "chain:{0}:due", "chain:{0}:expiring"] {
                _ = try? await redis.send(["ZADD", key, value, key.hasSuffix("leaving") ? "\(id):v" : id])
            }
            _ = try await redis.send(["HSET", "orders:{services}:odd", "service", "notifier", "sockets", value, "ordersWatched", value])
            let time = try await redis.send(["TIME"]).array?.first?.string ?? ""
            _ = try await redis.send(["ZADD", "orders:{services}", "\(time)999", "odd"])
            for pool in pools { _ = try await redis.send(["HSET", "chain:{0}:market", pool, "\(value):\(value)"]) }
            _ = try await redis.send(["HSET", "orders:{0}:paused", "since", value, "reason", value])
            for path in ["/health", "/api/streams", "/api/door", "/api/doctor", "/metrics"] {
                #expect(try await engine.send("GET", path).status != 500)
            }
            _ = try await redis.send(["DEL", "orders:{0}:paused"])
            let quotes = try await engine.send("GET", "/api/quotes?tokenIn=SOL&tokenOut=USDC&amount=1", to: .router)
            #expect(quotes.status != 500)
            try await engine.waitForEnd([try await engine.place()])
        }
        let client = NativeClient(try await engine.socket("/v1/stream"))
        try await client.subscribe(user: "v")
        try await client.drain()
        client.socket.connection.close()
        _ = try await redis.send(["DEL", "chain:{0}:market"])
        try await survivors.check()
    }
}
