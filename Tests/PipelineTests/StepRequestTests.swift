import Orders
import Testing

@testable import Pipeline

struct StepRequestTests {
    private func kinds(_ request: StepRequest) -> [EventType] { request.events.map(\.type) }

    @Test func `each step says what the page of the state machine says`() {
        let order = Samples.order()
        let done = StepRequest.routeDone([Samples.meteora, Samples.raydium])
        #expect(StepRequest.routeBegin.events.map(\.progress) == [10])
        #expect(done.events.map(\.progress) == [30])
        #expect(done.events[0].members.hasPrefix(#""quotes":["#))
        #expect(StepRequest.buildBegin.events.map(\.progress) == [50])
        #expect(StepRequest.buildBegin.events[0].members == #""showsQuotes":true"#)
        #expect(Samples.submit(order).events.map(\.progress) == [70, 80])
        #expect(kinds(Samples.submit(order)) == [.building, .submitted])
        #expect(StepRequest.confirm(Samples.fill).events.map(\.progress) == [100])
    }

    @Test func `the progress of a submission grows with the attempt up to 90`() {
        let order = Samples.order(maxAttempts: 9)
        #expect((1...5).map { Samples.submit(order, attempt: $0).events[1].progress } == [80, 85, 90, 90, 90])
    }

    @Test func `the first of the quotes is the route`() {
        let request = StepRequest.routeDone([Samples.raydium, Samples.meteora])
        #expect(request.fields.map(\.name) == ["v"] && request.fields.map(\.value) == ["raydium"])
        #expect(request.events[0].members == #""quotes":["# + Samples.raydium.json + "," + Samples.meteora.json + #"],"chosen":0"#)
    }

    @Test(arguments: [
        (FailureCode.network, Stage.executor, OrderStep.retry), (.slippageExceeded, .executor, .requote), (.transactionExpired, .executor, .requote),
        (.quoteStale, .executor, .requote), (.venueUnavailable, .router, .routeRetry),
    ])
    func `a failure that can pass is followed by another attempt`(code: FailureCode, stage: Stage, step: OrderStep) throws {
        let request = Samples.failure(code, stage: stage, delay: 1000)
        #expect(request.step == step)
        try #require(kinds(request) == [.executionFailed, .retryPending])
        #expect(request.events.allSatisfy { $0.progress == nil })
        #expect(request.events[0].members.contains(#""transient":true,"retriesRemaining":2"#))
    }

    @Test func `a wait uses up an attempt and is told as it is`() {
        let request = Samples.failure(.network, delay: 1234)
        #expect(request.usesAttempt)
        #expect(request.delay == 1234)
        #expect(request.events[1].members == #""delayMs":1234,"nextAttempt":2"#)
        #expect(request.events[1].message == "Retrying in 1.2 s (attempt 2/3)")
    }

    @Test(arguments: [1, 3]) func `a stale quote is asked for anew at once and uses up no attempt, not even the last`(attempt: Int) {
        let request = Samples.failure(.quoteStale, attempt: attempt, delay: 1234)
        #expect(request.step == .requote)
        #expect(!request.usesAttempt)
        #expect(request.delay == 0)
        #expect(request.events[1].members == #""delayMs":0,"nextAttempt":\#(attempt)"#)
        #expect(request.events[0].members.contains(#""retriesRemaining":\#(3 - attempt)"#))
    }

    @Test(arguments: [FailureCode.network, .slippageExceeded, .transactionExpired, .venueUnavailable])
    func `the last attempt fails the order in the same step`(code: FailureCode) throws {
        let request = Samples.failure(code, attempt: 3)
        #expect(request.step == .fail)
        try #require(kinds(request) == [.executionFailed, .failed])
        #expect(request.events[0].members.contains(#""retriesRemaining":0"#))
        #expect(request.events[1].progress == 0)
        #expect(request.events[1].members.hasSuffix(#""totalAttempts":3"#))
    }

    @Test(arguments: [FailureCode.noRoute, .insufficientLiquidity, .internal])
    func `a failure that cannot pass fails the order at the first attempt`(code: FailureCode) throws {
        let request = Samples.failure(code, stage: .router)
        #expect(request.step == .fail)
        try #require(kinds(request) == [.executionFailed, .failed])
        #expect(request.events[1].members.contains(#""totalAttempts":1"#))
    }

    @Test func `an order that was never tried fails without an attempt's event`() {
        let request = StepRequest.fail(OrderFailure(.internal), in: .routing, attempt: 1, tried: false)
        #expect(kinds(request) == [.failed])
    }

    @Test(arguments: [OrderState.routing, .building, .submitted], [1, 3])
    func `what follows a failure is for the state that has failed`(state: OrderState, attempt: Int) {
        #expect(StepRequest.after(OrderFailure(.network), in: state, attempt: attempt, maxAttempts: 3, delay: 0).seen == state)
    }

    @Test func `a signed transaction is read as it was written`() throws {
        let order = Samples.order()
        let list = [Samples.transaction(order), Samples.transaction(order, attempt: 2, lastValidSlot: 7)]
        #expect(SignedTransaction.list(SignedTransaction.json(list)) == list)
        #expect(SignedTransaction.list("") == [])
        #expect(SignedTransaction.list("[{}]") == nil)
    }
}
