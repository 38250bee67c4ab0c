import Configuration
import EventLoop
import JSON
import Orders
import Redis
import TestSupport
import Testing

@testable import PaperMarket
@testable import Pipeline

/// Answers that Redis may give. Each place of a number gets numbers from the ends of all ranges, and values that are no numbers.
private struct Answers {
    /// A part of an answer. `.any` is drawn anew each time.
    indirect enum Part {
        case text(String)
        case any
        case list([Part])
    }

    private static let numbers = [
        "-9223372036854775808", "-9223372036854775807", "-1", "0", "1", "2", "12", "4294967295", "9007199254740993", "253402300799999",
        "253402300800000", "9223372036854775806", "9223372036854775807",
    ]
    private static let texts =
        numbers + ["18446744073709551615", "99999999999999999999", "1e308", "nan", "", "x", "ok", "again", "0-0", "18446744073709551615-1", "inf"]

    /// The answers of the scripts and commands, by their form.
    static func forms(_ order: Order) -> [Part] {
        let id = Part.text(order.id.description)
        let route = Part.text(ChosenRoute(Samples.meteora).members)
        let transactions = Part.text(
            #"[{"leg":9223372036854775807,"attempt":-9223372036854775808,"signature":"s","bytes":"b","#
                + #""lastValidSlot":-1,"minOut":"18446744073709551615"}]"#
        )
        let group = Part.list([.text("router")] + Array(repeating: .any, count: 7))
        var forms: [Part] = [
            .any, .list([]), .list([.any]), .list([.any, .any]), .list([.any, .any, .any]), .list(Array(repeating: .any, count: 4)),
        ]
        for outcome in ["ok", "again", "ended", "accepted", "replay", "final", "missing", "taken"] {
            for count in 0...3 { forms.append(.list([.text(outcome)] + Array(repeating: .any, count: count))) }
        }
        let fields: [Part] = [.text("o"), .text(order.json), .text("t"), transactions, .text("s"), .any, .text("1"), .any, .any, route]
        forms.append(.list([.text("again"), .text("building"), .any, .list(fields), .any, .any]))
        forms.append(.list([.text("ok"), .text("routing"), .any, .list(Array(fields.prefix(2))), .any, .any]))
        forms.append(.list([.any, .list(fields), .list(Array(fields.prefix(4)))]))
        forms.append(.list([.any, .text("submitted 1 1 9007199254740993 9223372036854775807 routed:1-1")]))
        forms.append(.list([.any, .any, .any, .list([group, group])]))
        let landed: [Part] = [.text("landed"), .any, .any, .any, .any], failed: [Part] = [.text("failed"), .any, .any, .any, .any]
        forms.append(.list([.any] + landed + failed))
        forms.append(.list([.any, .list([.any, .list([.text("deliveries"), .any, .text("at"), .any])])]))
        forms.append(.list([.list([.any, .any, .list([.any, .any])]), .list([.any, .list([.any])])]))
        forms.append(.list([.text("o"), .text(order.json), .text("s"), .any, .text("1"), .any, .text("9223372036854775807"), .any]))
        forms.append(.list([.any, .text("held"), .any]))
        forms.append(.list([id, .any, .text("pending"), .any]))
        return forms
    }

    /// The bytes of an answer of this form.
    static func bytes(_ part: Part, _ random: inout some RandomNumberGenerator) -> String {
        switch part {
        case .text(let text): return bulk(text)
        case .list(let parts): return "*\(parts.count)\r\n" + parts.map { bytes($0, &random) }.joined()
        case .any:
            switch Int.random(in: 0..<8, using: &random) {
            case 0...3: return ":\(numbers.randomElement(using: &random)!)\r\n"
            case 4...5: return bulk(texts.randomElement(using: &random)!)
            case 6: return "$-1\r\n"
            default: return "*0\r\n"
            }
        }
    }

    private static func bulk(_ text: String) -> String { "$\(text.utf8.count)\r\n\(text)\r\n" }
}

/// Any answer of Redis becomes a value or an error: an unexpected number never ends the process.
@Suite(.onLoop) @ServiceActor
struct AnyAnswerTests {
    private func withFake(_ body: @ServiceActor (FakeRedis, OrderPipeline, RedisClient) async throws -> Void) async throws {
        let server = try FakeRedis()
        let client = RedisClient(url: try #require(RedisURL(server.url)), name: "test")
        defer { server.stop() }
        try await alongside({ await client.run() }, stop: { client.close() }) {
            try await client.connected(within: .seconds(20))
            try await body(server, OrderPipeline(redis: client, settings: PipelineSettings(partitions: 2)), client)
        }
    }

    /// Everything that a process asks Redis, by name.
    private func questions(_ pipeline: OrderPipeline, _ client: RedisClient, _ order: Order) -> [(String, @ServiceActor () async throws -> Void)] {
        let keys = pipeline.partitions[0]
        let entry = WorkEntry(stage: .executor, partition: 0, entry: "1-1", orderID: order.id, round: 1, consumer: "c", deliveries: 1, token: "t")
        let ledger = ChainLedger(
            pipeline: pipeline,
            options: ChainOptions(seed: 1, latency: 0...0, failurePpm: 0, dropPpm: 0, latePpm: 0, slotMilliseconds: 400, validSlots: 150))
        let sampler = LagSampler(pipeline: pipeline)
        let heartbeat = Heartbeat(redis: client, service: "router", name: "r") { [:] }
        let letter = DeadLetterID(parsing: "0-1-1")!
        let reader = GroupReader(
            pipeline: pipeline, reader: RedisReader(url: RedisURL("redis://127.0.0.1:1")!, name: "r"), keys: keys, stream: keys.accepted,
            group: "router", consumer: "c", observer: RecordingObserver())
        return [
            ("accept", { _ = try await pipeline.accept([NewOrder(order)], idempotencyTTL: 1, before: 1, timeout: .seconds(5)) }),
            ("begin", { _ = try await pipeline.begin(entry) }),
            ("step", { _ = try await pipeline.step(Samples.submit(order), entry) }),
            ("fail", { _ = try await pipeline.step(Samples.failure(.network), entry) }),
            ("cancel", { _ = try await pipeline.cancel(order.id) }),
            ("sets", { _ = try await pipeline.waitSets(in: [keys]) }), ("spots", { _ = try await pipeline.spots(of: [order.id]) }),
            ("trailing", { _ = try await pipeline.trailing([WaitMember("1:\(order.id)")!], in: keys) }),
            ("trail", { _ = try await pipeline.trail([], of: WaitSet(Samples.direction, .peak), in: keys) }),
            (
                "due",
                { _ = try await pipeline.due([(WaitSet(Samples.direction, .above), "9")], upTo: 1, in: keys).map { try $0.get().map(\.amount) } }
            ),
            ("prices", { _ = try await pipeline.publishedMarks(["a", "b"], wantedBy: .orders) }),
            ("wanted", { _ = try await pipeline.wantedMarks(by: .orders, since: 0) }),
            (
                "fire",
                { _ = try await pipeline.fire(WaitSet(Samples.direction, .above), upTo: "9", Mark(.least, at: 1), "m", maxAge: 1, in: keys) }
            ),
            (
                "amend",
                {
                    let waiting = Samples.waiting()
                    _ = try await pipeline.amend(waiting, to: waiting.waiting(at: nil)!, seen: 1, "", "m")
                }
            ),
            ("promote", { _ = try await pipeline.promote(keys) }), ("sweep", { _ = try await pipeline.sweep(keys) }),
            ("groups", { _ = try await pipeline.createGroups(keys) }), ("time", { _ = try await pipeline.time() }),
            ("lag", { _ = try await sampler.sample().json }), ("instances", { _ = try await pipeline.instances() }),
            ("snapshot", { _ = try await pipeline.snapshot(order.id) }), ("seq", { _ = try await pipeline.newestSeq(order.id) }),
            ("records", { for record in try await pipeline.records([order.id, Samples.id()]) { _ = try? record?.fold() } }),
            ("standing", { _ = try await pipeline.standing(order.id) }), ("missing", { _ = try await pipeline.missing([order.id, Samples.id()]) }),
            ("user", { _ = try await pipeline.orders(ofUser: UserID(stored: "u"), limit: 100) }),
            ("pause", { _ = PauseRecord.json(of: try await pipeline.currentPause()) }), ("rights", { _ = try await pipeline.missingRights() }),
            ("letters", { for letter in try await pipeline.deadLetters(limit: 10).letters { _ = JSONWriter.value(letter) } }),
            ("retry", { _ = try await pipeline.retry(letter) }), ("drop", { _ = try await pipeline.drop(letter) }),
            ("market", { _ = try await pipeline.marketFlows(partition: 0).mapValues { $0.left(at: .max, halfLife: 1) } }),
            ("status", { _ = try await ledger.status(["a", "b"], partition: 0) }),
            ("prune", { try await ledger.prune(retention: .seconds(1), now: heartbeat.clock.now ?? .max) }),
            ("claim", { _ = try await reader.claim(idle: .seconds(1), max: 1, Suspicion(maxStarts: 5), takesSuspects: true, inHand: []) }),
            ("overtake", { _ = try await reader.overtake(max: 1, name: "routed") }), ("recount", { _ = try await pipeline.recount(as: "r") }),
            ("renew", { _ = try await reader.renew(["1-1"]) }), ("release", { await reader.release([entry]) }),
            (
                "bury",
                { _ = try await reader.bury(StreamEntry(id: .string("1-1"), fields: .array([]), deliveries: 1)!, reason: "X", name: "accepted") }
            ),
            ("heartbeat", { await heartbeat.beat() }), ("budget", { _ = await AttemptBudget(pipeline: pipeline, perMinute: 1).take(3) }),
        ]
    }

    @Test func `no answer of Redis ends the process, whatever its numbers`() async throws {
        try await withFake { server, pipeline, client in
            var random = SystemRandomNumberGenerator()
            let order = Samples.order()
            let forms = Answers.forms(order)
            var answered = 0
            for round in 0..<4 {
                for form in forms {
                    server.answer = { _ in Answers.bytes(form, &random) }
                    for (_, question) in questions(pipeline, client, order) {
                        do { try await question() } catch {
                            #expect(error is PipelineError, "round \(round): \(error)")
                        }
                        answered += 1
                    }
                }
            }
            #expect(answered > 4000 && client.isConnected)
        }
    }

    @Test(arguments: ["-1", "253402300800", "9223372036854775807", "-9223372036854775808"])
    func `a time that is none is an answer that cannot be used`(seconds: String) async throws {
        try await withFake { server, pipeline, client in
            server.answer = { _ in ":\(seconds == "253402300800" ? seconds + "000" : seconds)\r\n" }
            let error = await #expect(throws: PipelineError.self) { try await pipeline.time() }
            #expect(error?.code == .unexpectedReply)
            let heartbeat = Heartbeat(redis: client, service: "router", name: "r") { [:] }
            server.answer = { _ in "*2\r\n$\(seconds.count + 3)\r\n\(seconds)000\r\n:0\r\n" }
            await heartbeat.beat()
            #expect(heartbeat.clock.now == nil && heartbeat.failure != nil)
        }
    }

    @Test(arguments: [
        ("NOPERM no", PipelineError.Code.refused, "Redis refuses it (NOPERM no)"), ("MOVED 1 h:1", .refused, "Redis refuses it (MOVED 1 h:1)"),
        ("ERR odd", .refused, "Redis refuses it (ERR odd)"), ("OOM full", .full, "Redis is full (OOM full)"),
        ("READONLY no", .notReady, "Redis is not ready (READONLY no)"), ("LOADING it", .notReady, "Redis is not ready (LOADING it)"),
        ("BUSY it", .notReady, "Redis is not ready (BUSY it)"), ("MISCONF it", .notReady, "Redis is not ready (MISCONF it)"),
        ("CLUSTERDOWN it", .notReady, "Redis is not ready (CLUSTERDOWN it)"), ("NOAUTH no", .refused, "Redis refuses the login (NOAUTH no)"),
        ("ERR max number of clients reached", .notReady, "Redis is not ready (ERR max number of clients reached)"),
    ])
    func `an error of Redis keeps its words and is not called away`(text: String, code: PipelineError.Code, cause: String) async throws {
        try await withFake { server, pipeline, client in
            server.answer = { _ in "-\(text)\r\n" }
            var told: [String] = []
            pipeline.onRefusal = { command, error in told.append("\(command): \(error.words ?? "")") }
            let error = await #expect(throws: PipelineError.self) { try await pipeline.time() }
            #expect(error?.code == code && error?.cause == cause && error?.outcomeUnknown == false)
            #expect(told == ["now: \(text)"])
        }
    }

    @Test(arguments: [
        (
            "WRONGPASS invalid username-password pair", PipelineError.Code.refused,
            "Redis refuses the login (WRONGPASS invalid username-password pair)"
        ),
        ("NOAUTH Authentication required.", .refused, "Redis refuses the login (NOAUTH Authentication required.)"),
        ("DENIED Redis is running in protected mode", .refused, "Redis refuses it (DENIED Redis is running in protected mode)"),
        ("ERR max number of clients reached", .notReady, "Redis is not ready (ERR max number of clients reached)"),
        ("LOADING Redis is loading the dataset in memory", .notReady, "Redis is not ready (LOADING Redis is loading the dataset in memory)"),
    ])
    func `what Redis says to a connection is judged as what it says to a command`(
        words: String, code: PipelineError.Code, cause: String
    ) async throws {
        let server = try FakeRedis()
        server.farewell = "-\(words)\r\n"
        let client = RedisClient(url: try #require(RedisURL(server.url)), name: "test")
        let running = Loop.spawn { await client.run() }
        let pipeline = OrderPipeline(redis: client, settings: PipelineSettings())
        try await eventually { client.unavailable.words != nil }
        let error = await #expect(throws: PipelineError.self) { try await pipeline.time() }
        #expect(error?.code == code && error?.cause == cause && error?.words == words && error?.outcomeUnknown == false)
        #expect(error?.isPassing == (code == .notReady))
        client.close()
        await running.value
        server.stop()
    }

    @Test func `nobody is told that Redis is away while it is this process that asks no more`() async throws {
        let server = try FakeRedis()
        server.answer = { _ in "" }
        var options = RedisOptions()
        options.maxInFlight = 4
        let client = RedisClient(url: try #require(RedisURL(server.url)), name: "test", options: options)
        let running = Loop.spawn { await client.run() }
        try await client.connected(within: .seconds(20))
        let pipeline = OrderPipeline(redis: client, settings: PipelineSettings())
        let waiting = (0..<4).map { _ in
            Loop.spawn { () async -> PipelineError? in
                do { _ = try await pipeline.time() } catch { return error as? PipelineError }
                return nil
            }
        }
        try await eventually { client.statistics.inFlight == 4 }
        let more = await #expect(throws: PipelineError.self) { try await pipeline.time() }
        #expect(more?.code == .overloaded && more?.cause == "too many commands to Redis are under way in this process")
        #expect(more?.outcomeUnknown == false && more?.isPassing == true)
        client.close()
        for task in waiting { #expect(await task.value?.cause == "the wait for Redis was broken off") }
        let late = await #expect(throws: PipelineError.self) { try await pipeline.time() }
        #expect(late?.code == .stopping && late?.cause == "this process is stopping")
        await running.value
        server.stop()
    }
}
