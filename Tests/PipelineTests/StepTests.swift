import EventLoop
import Orders
import Redis
import TestSupport
import Testing

@testable import Pipeline

@Suite(.onLoop) @ServiceActor
struct StepTests {
    // MARK: A life

    @Test func `an order goes from pending to confirmed by the events of the page`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.submitted)
            try await bench.written(.confirm(Samples.fill), entry)
            let events = try await bench.events(order)
            #expect(events.map(\.seq) == Array(1...7))
            #expect(events.map(\.type) == [.pending, .routing, .routing, .building, .building, .submitted, .confirmed])
            #expect(events.map(\.progress) == [0, 10, 30, 50, 70, 80, 100])
            #expect(events.allSatisfy { $0.attempt == 1 && $0.maxAttempts == 3 && $0.orderId == order.id })
            #expect(try await bench.pending(.router) == 0)
            #expect(try await bench.pending(.executor) == 0)
            #expect(try await bench.entry(order) == "")
        }
    }

    @Test func `events carry venue, quotes and signature from where they are known`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.submitted)
            try await bench.written(.confirm(Samples.fill), entry)
            let events = try await bench.events(order)
            try #require(events.map(\.chosenDex) == [nil, nil] + Array(repeating: "meteora", count: 5))
            #expect(events.map(\.quote) == [nil, nil] + Array(repeating: Samples.meteora, count: 5))
            #expect(events.map { $0.quotes?.count } == [nil, nil, 2, 2, nil, nil, nil])
            #expect(events.map { $0.txHash != nil } == [false, false, false, false, false, true, true])
            #expect(events[3].message == "Building transaction on meteora...")
            #expect(events[6].amountOut == Samples.fill.amountOut)
        }
    }

    @Test func `each event goes to the order's channels, and one entry stands for all that are not stored`() async throws {
        try await withBench { bench in
            let order = Samples.order(user: "u-\(Samples.id())")
            try await withListener(bench, ["updates:\(order.id)", Keys.updates(user: try #require(order.userId))]) { heard in
                let (_, entry) = try await bench.reach(.routing, order)
                try await bench.written(.routeDone([Samples.meteora]), entry)
                let events = try await bench.events(order)
                try await eventually { heard.texts.count == 2 * events.count }
                var fold = OrderFold(order)
                for text in heard.texts where fold.seq < events.count { _ = try? fold.add(Substring(text)) }
                #expect(fold.events == events)
                for (text, event) in zip(heard.texts.sorted(), (events + events).sorted { $0.seq < $1.seq }) {
                    #expect(text.hasPrefix(#"{"orderId":"\#(order.id)","status":"\#(event.status)","#))
                }
                #expect(try await bench.unstored().map(\.orderID) == [order.id.description])
            }
        }
    }

    @Test func `a first step tells all that is needed to go on`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.routed)
            let work = try await bench.begin(entry)
            #expect(work.order == order && work.state == .building && work.attempt == 1 && !work.isResumed)
            #expect(work.route?.chosen.quote == Samples.meteora)
            #expect(abs(Int64(work.now) - Int64(work.route?.routedAt ?? 0)) < 10_000)
            #expect(work.transactions.isEmpty && work.staleQuotes == 0)
        }
    }

    @Test func `the table in the scripts is the page's, in the same words in every process`() {
        let (early, late) = ("pending = true, routing = true, routed = true, building = true", "waiting = true, requote = true")
        let table = """
            local STEPS = {
              routeBegin = { from = { pending = true, requote = true }, to = "routing", begins = true },
              routeDone = { from = { routing = true }, to = "routed", finishes = true, handsOn = "routed" },
              routeRetry = { from = { routing = true }, to = "requote", finishes = true, startsOver = true, handsOn = "accepted" },
              buildBegin = { from = { routed = true, waiting = true }, to = "building", begins = true },
              submit = { from = { building = true }, to = "submitted" },
              confirm = { from = { submitted = true }, to = "confirmed", finishes = true },
              retry = { from = { building = true, submitted = true }, to = "waiting", finishes = true, startsOver = true, handsOn = "routed" },
              requote = { from = { building = true, submitted = true }, to = "requote", finishes = true, startsOver = true, handsOn = "accepted" },
              fail = { from = { \(early), submitted = true, \(late) }, to = "failed", finishes = true },
              cancel = { from = { open = true, \(early), \(late) }, to = "cancelled" },
              miss = { from = { \(early), \(late) }, to = "failed" },
              fire = { from = { open = true }, to = "pending" },
              rest = { from = { routing = true, building = true, submitted = true }, to = "open", finishes = true, startsOver = true },
              expire = { from = { open = true }, to = "expired" },
            }

            """
        #expect(ScriptTables.steps == table)
    }

    // MARK: Fence

    @Test func `who does not own the entry writes nothing`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.building)
            _ = try await bench.claim(entry, as: "b")
            let before = try await bench.everything(order)
            #expect(try await bench.pipeline.begin(entry).dropped == .fenced)
            #expect(try await bench.pipeline.step(Samples.submit(order), entry).dropped == .fenced)
            #expect(try await bench.everything(order) == before)
        }
    }

    @Test func `who comes after the entry was finished writes nothing`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.building)
            try await bench.written(Samples.failure(.network), entry)
            let before = try await bench.everything(order)
            #expect(try await bench.pipeline.begin(entry).dropped == .stale)
            #expect(try await bench.pipeline.step(Samples.failure(.network), entry).dropped == .stale)
            #expect(try await bench.everything(order) == before)
        }
    }

    @Test func `a stream or group that is gone makes every step stale`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.building)
            try await bench.send("XGROUP", "DESTROY", bench.keys.routed, "executor")
            #expect(try await bench.pipeline.step(Samples.submit(order), entry).dropped == .stale)
            try await bench.send("DEL", bench.keys.routed)
            #expect(try await bench.pipeline.step(Samples.submit(order), entry).dropped == .stale)
            #expect(try await bench.state(order) == .building)
        }
    }

    // MARK: Compare

    @Test func `a second entry of a round that is over is acknowledged without an event`() async throws {
        try await withBench { bench in
            let (order, _) = try await bench.reach(.waiting)
            let second = try await bench.inject(.executor, order.id, round: 1)
            let standing = try await bench.entry(order)
            #expect(try await bench.pipeline.begin(second).dropped == .duplicate)
            #expect(try await bench.pending(.executor) == 0)
            #expect(try await bench.entry(order) == standing)
            #expect(try await bench.events(order).last?.type == .retryPending)
        }
    }

    @Test func `a second entry for the router is a duplicate once the executor has the order`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.building)
            let second = try await bench.inject(.router, order.id, round: 1)
            #expect(try await bench.pipeline.begin(second).dropped == .duplicate)
            #expect(try await bench.pending(.router) == 0)
            #expect(try await bench.entry(order) == "routed:\(entry.entry)")
        }
    }

    @Test func `a redelivery in the middle of a stage resumes and writes no event`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.building)
            let count = try await bench.events(order).count
            let mine = try await bench.claim(entry, as: "b")
            let work = try await bench.begin(mine)
            #expect(work.isResumed && work.state == .building && work.route?.chosen.quote == Samples.meteora)
            #expect(try await bench.events(order).count == count)
            try await bench.written(Samples.submit(order), mine)
        }
    }

    @Test func `a worker that resumes a submitted order gets its bytes from the hash, also when it comes with others`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.submitted)
            let mine = try await bench.claim(entry, as: "b")
            #expect(try await bench.begin(mine).transactions == [Samples.transaction(order)])
            let before = try await bench.everything(order)
            let other = StepRequest.submit([Samples.transaction(order, attempt: 9)], attempt: 1, maxAttempts: 3)
            #expect(try await bench.pipeline.step(other, mine).resumed?.transactions == [Samples.transaction(order)])
            #expect(try await bench.everything(order) == before)
        }
    }

    @Test func `entries that name no order, a later round or the wrong stage go to the dead letters`() async throws {
        try await withBench { bench in
            let (order, _) = try await bench.reach(.routing)
            let before = try await bench.hash(order)
            let unknown = try await bench.inject(.router, Samples.id(), round: 1)
            let early = try await bench.inject(.router, order.id, round: 2)
            let wrong = try await bench.inject(.executor, order.id, round: 1)
            #expect(try await bench.pipeline.begin(unknown).dropped == .unknown)
            #expect(try await bench.pipeline.begin(early).dropped == .conflict)
            #expect(try await bench.pipeline.begin(wrong).dropped == .conflict)
            let letters = try await bench.deadLetters()
            try #require(letters.map { $0["reason"] } == ["UNKNOWN_ORDER", "WRONG_ATTEMPT", "WRONG_STATE"])
            #expect(letters.map { $0["stream"] } == ["accepted", "accepted", "routed"])
            #expect(letters[1]["f:id"] == order.id.description && letters[1]["f:round"] == "2")
            #expect(letters[1]["orderId"] == order.id.description && letters[1]["entry"] == early.entry)
            #expect(try await bench.pending(.router) == 1)
            #expect(try await bench.pending(.executor) == 0)
            #expect(try await bench.hash(order) == before)
        }
    }

    @Test func `a later step on an order that is gone or not there yet writes nothing and leaves its entry`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.building)
            let early = entry.held()
            try await bench.put(order, in: .routing)
            #expect(try await bench.pipeline.step(Samples.submit(order), early).dropped == .conflict)
            try await bench.send("DEL", bench.keys.order(order.id))
            #expect(try await bench.pipeline.step(Samples.submit(order), early).dropped == .unknown)
            #expect(try await bench.pending(.executor) == 1)
            #expect(try await bench.deadLetters().isEmpty)
            #expect(try await bench.send("EXISTS", bench.keys.order(order.id)).integer == 0)
        }
    }

    @Test func `an id of another partition is an order that this one does not know`() async throws {
        try await withBench(PipelineSettings(partitions: 2)) { bench in
            let order = try await bench.place(Samples.order(Samples.id(partition: 1)))
            let stray = try await bench.inject(.router, order.id, round: 1)
            #expect(try await bench.pipeline.begin(stray).dropped == .unknown)
            #expect(try await bench.deadLetters().map { $0["reason"] } == ["UNKNOWN_ORDER"])
        }
    }

    @Test(arguments: [FailureCode.quoteStale, .network, .internal])
    func `who gives up an attempt before its transaction cannot give up one that another entry has submitted`(code: FailureCode) async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.building)
            let other = try await bench.inject(.executor, order.id, round: 1)
            #expect(try await bench.begin(other).state == .building)
            try await bench.written(Samples.submit(order), entry)
            let before = try await bench.everything(order)
            #expect(try await bench.pipeline.step(Samples.failure(code, in: .building), other).dropped == .conflict)
            #expect(try await bench.everything(order) == before)
            try await bench.written(.confirm(Samples.fill), entry)
            #expect(try await bench.pipeline.begin(other.held()).dropped == .duplicate)
        }
    }

    // MARK: The table

    @Test func `a step is written from its sources and from no other state`() async throws {
        let requests: [OrderStep: StepRequest] = [
            .routeDone: .routeDone([Samples.meteora]), .routeRetry: Samples.failure(.venueUnavailable, stage: .router),
            .submit: Samples.submit(Samples.order()), .confirm: .confirm(Samples.fill), .retry: Samples.failure(.network),
            .requote: Samples.failure(.slippageExceeded), .fail: .fail(OrderFailure(.internal), in: nil, attempt: 1, tried: true),
        ]
        let states: [OrderState] = [.pending, .routing, .requote, .routed, .building, .submitted, .waiting]
        try await withBench { bench in
            for state in states {
                for (step, request) in requests {
                    let order = try await bench.place()
                    let stage = try #require(state.stage)
                    _ = try await bench.take(.router)
                    let entry = try await bench.inject(stage, order.id, round: 1)
                    try await bench.put(order, in: state)
                    let outcome = try await bench.pipeline.step(request, entry)
                    #expect(outcome.isWritten == step.sources.contains(state), "\(step) from \(state)")
                    if outcome.isWritten { #expect(try await bench.state(order) == step.target) }
                }
            }
        }
    }
}
