import JSON
import Orders
import TestSupport
import Testing

@Suite struct LifecycleTests {
    /// The table of the state machine as it is written down: each state, its status, and where it may come from.
    @Test(
        arguments: [
            (OrderState.open, OrderStatus.open, [.routing, .building, .submitted]), (.pending, .pending, [.open]),
            (.routing, .routing, [.pending, .requote]), (.routed, .routing, [.routing]),
            (.building, .building, [.routed, .waiting]), (.submitted, .submitted, [.building]), (.waiting, .building, [.building, .submitted]),
            (.requote, .routing, [.routing, .building, .submitted]), (.confirmed, .confirmed, [.submitted]),
            (.failed, .failed, [.pending, .routing, .routed, .building, .submitted, .waiting, .requote]),
            (.expired, .expired, [.open]), (.cancelled, .cancelled, [.open, .pending, .routing, .routed, .building, .waiting, .requote]),
        ] as [(OrderState, OrderStatus, [OrderState])])
    func `A state may be entered from exactly these`(state: OrderState, status: OrderStatus, sources: [OrderState]) {
        let steps = OrderStep.allCases.filter { $0.target == state }
        #expect(steps.reduce(into: Set()) { $0.formUnion($1.sources) } == Set(sources))
        #expect(state.status == status)
    }

    /// What a step does to the entry in hand and to what follows, as it is written down.
    @Test(
        arguments: [
            (OrderStep.routeBegin, true, false, nil, false), (.routeDone, false, true, .executor, false),
            (.routeRetry, false, true, .router, true), (.buildBegin, true, false, nil, false), (.submit, false, false, nil, false),
            (.confirm, false, true, nil, false), (.retry, false, true, .executor, true), (.requote, false, true, .router, true),
            (.fail, false, true, nil, false), (.cancel, false, false, nil, false), (.miss, false, false, nil, false),
            (.fire, false, false, nil, false), (.rest, false, true, nil, true), (.expire, false, false, nil, false),
        ] as [(OrderStep, Bool, Bool, Stage?, Bool)])
    func `A step begins, finishes, hands on and starts over as the page says`(
        step: OrderStep, begins: Bool, finishes: Bool, handsOn: Stage?, startsOver: Bool
    ) {
        #expect(step.begins == begins && step.finishes == finishes && step.handsOn == handsOn && step.startsOver == startsOver)
    }

    @Test func `no step starts from a final state or ends where it starts`() {
        for step in OrderStep.allCases {
            #expect(!step.sources.contains(step.target))
            #expect(step.sources.allSatisfy { !$0.isFinal && ($0.stage != nil || $0 == .open) })
        }
        #expect(OrderState.allCases.filter(\.isFinal) == [.confirmed, .failed, .cancelled, .expired])
        #expect(OrderState.allCases.filter { $0.stage == nil } == [.open, .confirmed, .failed, .cancelled, .expired])
        #expect(OrderStep.cancel.sources == OrderStep.miss.sources.union([.open]) && !OrderStep.cancel.sources.contains(.submitted))
    }

    @Test(
        arguments: [
            (OrderStatus.open, [.open, .pending, .cancelled, .expired]), (.pending, [.routing, .failed, .cancelled]),
            (.routing, [.routing, .building, .open, .failed, .cancelled]),
            (.building, [.building, .submitted, .routing, .open, .failed, .cancelled]),
            (.submitted, [.submitted, .building, .routing, .open, .confirmed, .failed]), (.confirmed, []), (.failed, []), (.cancelled, []),
            (.expired, []),
        ] as [(OrderStatus, [OrderStatus])])
    func `An observer may see these statuses follow each other and no others`(status: OrderStatus, next: [OrderStatus]) {
        #expect(Set(OrderStatus.allCases.filter { StatusMachine.canMove(from: status, to: $0) }) == Set(next))
    }

    @Test(
        arguments: [
            ("SLIPPAGE_EXCEEDED", FailureCode.FollowUp.freshQuote, true, true), ("NO_ROUTE", .giveUp, false, false),
            ("INSUFFICIENT_LIQUIDITY", .giveUp, false, false), ("QUOTE_STALE", .freshQuoteAtOnce, true, false),
            ("TRANSACTION_EXPIRED", .freshQuote, true, true), ("NETWORK", .sameRoute, true, true), ("VENUE_UNAVAILABLE", .freshQuote, true, true),
            ("QUOTE_REFUSED", .freshQuote, true, true), ("DEADLINE_EXCEEDED", .giveUp, false, false), ("POISONED", .giveUp, false, false),
            ("INTERNAL", .giveUp, false, false),
        ])
    func `A failure has its follow-up`(text: String, followUp: FailureCode.FollowUp, retryable: Bool, usesAttempt: Bool) throws {
        let code = FailureCode(rawValue: text)
        #expect(FailureCode.allCases.contains(code))
        #expect(code.followUp == followUp && code.retryable == retryable && code.usesAttempt == usesAttempt)
        #expect(!code.sentence.isEmpty)
    }

    @Test(
        arguments: [
            (1000, 982, 100, "Price moved 1.8% (max allowed: 1.0%)"), (100_000, 98_999, 100, "Price moved 1.1% (max allowed: 1.0%)"),
            (UInt64.max, 0, 5000, "Price moved 100.0% (max allowed: 50.0%)"), (100_000, 99_000, 25, "Price moved 1.00% (max allowed: 0.25%)"),
            (100_000, 99_989, 1, "Price moved 0.02% (max allowed: 0.01%)"), (0, 0, 50, "Price moved 0.0% (max allowed: 0.5%)"),
        ])
    func `The slippage sentence never shows a move within the limit`(expected: UInt64, got: UInt64, bps: Int, sentence: String) {
        #expect(OrderFailure.slippageSentence(expected: BaseUnits(expected), got: BaseUnits(got), slippageBps: bps) == sentence)
    }

    @Test func `a failure is written and read back`() throws {
        let failure = OrderFailure.slippage(expected: BaseUnits(1000), got: BaseUnits(982), limit: BaseUnits(990), of: Samples.order)
        let text = JSONWriter.value(failure)
        #expect(
            text == #"{"code":"SLIPPAGE_EXCEEDED","message":"Price moved 1.8% (max allowed: 1.0%)","retryable":true,"#
                + #""expected":"1000","expectedDecimal":"0.001","got":"982","gotDecimal":"0.000982","limit":"990","limitDecimal":"0.00099"}"#)
        #expect(try OrderFailure(json: try JSONValue.parse(text)) == failure)
        let older = text.replacing(#","expectedDecimal":"0.001""#, with: "")
        #expect(try OrderFailure(json: try JSONValue.parse(older)).amounts?.got == BaseUnits(982))
        let plain = OrderFailure(.insufficientLiquidity)
        #expect(JSONWriter.value(plain) == #"{"code":"INSUFFICIENT_LIQUIDITY","message":"Insufficient liquidity in pool","retryable":false}"#)
        #expect(throws: RecordError.self) { try OrderFailure(json: try JSONValue.parse(#"{"code":1,"message":"x"}"#)) }
    }

    @Test func `a code that a newer version gave is read and kept as it is`() throws {
        let text = #"{"code":"WALLET_FROZEN","message":"The wallet is frozen","retryable":true}"#
        let failure = try OrderFailure(json: try JSONValue.parse(text))
        #expect(failure.code == .later("WALLET_FROZEN") && failure.retryable && JSONWriter.value(failure) == text)
        #expect(failure.code.followUp == .giveUp && failure.code.sentence.contains("WALLET_FROZEN"))
        let venue = #"{"dex":"orca","code":"VENUE_HALTED","message":"orca is halted"}"#
        #expect(JSONWriter.value(try UnavailableVenue(json: try JSONValue.parse(venue))) == venue)
    }

    @Test func `waits double and grow by at most the jitter`() {
        var random = SeededGenerator(seed: 8)
        let plain = RetryPolicy(baseMilliseconds: 1000, jitterPerMille: 0)
        #expect((1...3).map { plain.delay(afterAttempt: $0, random: &random) } == [1000, 2000, 4000])
        let jittered = RetryPolicy(baseMilliseconds: 1000, jitterPerMille: 200)
        let delays = (0..<500).map { _ in jittered.delay(afterAttempt: 2, random: &random) }
        #expect(delays.allSatisfy { (2000...2400).contains($0) })
        #expect(delays.min()! < 2020 && delays.max()! > 2380)
        #expect(RetryPolicy(baseMilliseconds: .max, jitterPerMille: 200).delay(afterAttempt: 99, random: &random) == 1 << 48)
        #expect(plain.delay(afterAttempt: 0, random: &random) == 1000)
    }
}
