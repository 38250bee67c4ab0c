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
        var lost: Set<String> = []
        for value in Extremes.all {
            // The entry is of an order that does not exist, or has no number at all.
            for stream in ["accepted", "routed"] { lost.insert("\(stream) \(try await add(stream, ["id", unknownID(), "round", value]))") }
            lost.insert("events \(try await add("events", ["id", value]))")
            // An order that is stored already, or that is not there, changes nothing.
            for named in [id, unknownID()] { _ = try await add("events", ["id", named, "seq", value]) }
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
            for fields in try spoilt(record, by: value) { copies.append(try await copy(id, fields)) }
        }
        for copy in copies { try await look(at: copy) }
        try await survivors.check()
        // Orders that cannot be worked off are not lost. They are removed, so that no worker goes on with them in the rest of the test's engine.
        for copy in copies { _ = try await engine.redis.send(["DEL", Engine.key(copy)]) }
    }

    /// An order's hash with one number changed, in every place where there is a number. `ENTRY` stands for the entry that the order gets.
    private func spoilt(_ record: [String: String], by value: String) throws -> [[String: String]] {
        let transactions = try #require(record["t"])
        let signature = try #require(record["4"]?.firstMatch(of: /"txHash":"([^"]*)"/)?.1)
        let routed = ["s": "routed 1 1 3 1768030217789 ENTRY"]
        let submitted = ["s": "submitted 1 1 6 1768030217789 ENTRY"]
        let places = (1...4).map { index in
            var words = ["routed", "1", "1", "3", "1768030217789", "ENTRY"]
            words[index] = value
            return ["s": words.joined(separator: " ")]
        }
        let line = try #require(record["3"])
        let names = ["t", "seq", "progress", "attempt", "chosen"].map { name in
            routed.merging(["3": line.replacing(try! Regex(#""\#(name)":\d+"#), with: #""\#(name)":\#(value)"#)]) { $1 }
        }
        let quote = try #require(JSONValue.parse(line)["quotes"]?.array?.first).serialized
        let leg = #"{"leg":\#(value),"status":"landed","txHash":"s","amountOut":"\#(value)","quote":\#(quote)}"#
        let split = line.dropLast() + #","chosenDex":"x","quote":\#(quote),"legs":[\#(leg),\#(leg)]}"#
        let whole = ["d": "executor:1:\(value):t", "x": value, "e": value, "p": value, "b": value, value: value]
            .map { routed.merging([$0: $1]) { $1 } }
        return places + names + whole + [
            routed.merging(["3": line.replacing(#""amountIn":"1500000000""#, with: #""amountIn":"\#(value)""#)]) { $1 },
            routed.merging(["3": String(split).replacing(/"chosen":\d+,?/, with: "")]) { $1 },
            submitted.merging(["t": transactions.replacing(#""attempt":1"#, with: #""attempt":\#(value)"#)]) { $1 },
            submitted.merging(["t": transactions.replacing(#""leg":0"#, with: #""leg":\#(value)"#)]) { $1 },
            submitted.merging(["t": transactions.replacing(signature, with: "sig\(value)")]) { $1 },
        ]
    }

    /// Makes an order that waits for the executor, as a copy of another order. If the value is in the name of its transaction, that transaction has
    /// landed.
    private func copy(_ id: String, _ fields: [String: String]) async throws -> String {
        let copy = unknownID()
        let key = Engine.key(copy)
        _ = try await engine.redis.send(["COPY", Engine.key(id), key])
        let entry = try await add("routed", ["id", copy, "round", "1"])
        // The copy has the events up to its place.
        _ = try await engine.redis.send(["HDEL", key, "7"] + (fields["s"]?.hasPrefix("submitted") == true ? [] : ["4"]))
        _ = try await engine.redis.send(["HSET", key] + fields.flatMap { [$0.key, $0.value.replacing("ENTRY", with: "routed:\(entry)")] })
        if let name = fields["t"]?.firstMatch(of: /"signature":"(sig[^"]*)"/)?.1 {
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
        let line = try #require(try await engine.lines(of: id).last)
        let message = #"{"orderId":"\#(id)","status":"routing","# + line.dropFirst()
        for value in Extremes.all {
            for telling in [engine.telling(id), engine.telling(id).map { $0.replacing(id, with: "user:u") }] {
                for text in [message.replacing(#""seq":3,"#, with: #""seq":\#(value),"#), value] {
                    _ = try await engine.redis.send(telling + [text])
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
