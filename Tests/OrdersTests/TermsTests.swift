import JSON
import TestOrders
import TestSupport
import Testing

@testable import Orders

/// Orders that wait for a price: what wakes them, what they accept, and how a request for one is read.
@Suite struct TermsTests {
    private static func read(_ members: String, sold: String = "SOL", bought: String = "USDC") throws -> Result<OrderRequest, RequestRefusal> {
        let body = #"{"tokenIn":"\#(sold)","tokenOut":"\#(bought)","amount":"1.5",\#(members)}"#
        return RequestReading(body: Array(body.utf8), tokens: try Samples.tokens()).result
    }

    private static func order(_ members: String, sold: String = "SOL", bought: String = "USDC") throws -> Order {
        let id = Samples.id
        return try read(members, sold: sold, bought: bought).get().order(id: id, now: 1000, maxAttempts: 3, newID: { id })
    }

    private func price(_ text: String) throws -> PriceLevel { try PriceLevel(decimal: text) }

    @Test(
        arguments: [
            ("limit", #""limitPrice":"180""#, "SOL", TriggerCondition.above, false), ("limit", #""limitPrice":"180""#, "USDC", .below, false),
            ("stop", #""triggerPrice":"180""#, "SOL", .below, true), ("stop", #""triggerPrice":"180""#, "USDC", .above, true),
            ("stopLimit", #""triggerPrice":"180","limitPrice":"179""#, "SOL", .below, true),
            ("takeProfit", #""triggerPrice":"180""#, "SOL", .above, false), ("takeProfit", #""triggerPrice":"180""#, "USDC", .below, false),
        ])
    func `each type waits on its own side of the price`(
        type: String, prices: String, sold: String, condition: TriggerCondition, isConfirmed: Bool
    ) throws {
        let order = try Self.order(#""orderType":"\#(type)",\#(prices)"#, sold: sold, bought: sold == "SOL" ? "USDC" : "SOL")
        #expect(try order.waiting(at: nil) == .price(Trigger(condition, price("180"), isConfirmed: isConfirmed)))
        #expect(order.terms?.priced == (sold == "SOL" ? .tokenIn : .tokenOut) && order.terms?.expiresAt == 1000 + 90 * 86_400_000)
        #expect(try Order(json: order.json) == order)
    }

    @Test func `a trailing stop follows the best price and never goes back`() throws {
        let order = try Self.order(#""orderType":"trailingStop","trailingBps":200"#)
        #expect(order.waiting(at: nil) == nil)
        guard case .trailing(let first) = try #require(order.waiting(at: try price("100"))) else { throw TestFailure("it does not trail") }
        #expect(try first.trigger == Trigger(.below, price("98"), isConfirmed: true) && first.renewal == Trigger(.above, price("100.04")))
        #expect(try first.following(price("100.03"), of: .tokenIn) == nil && first.following(price("50"), of: .tokenIn) == nil)
        let next = try #require(first.following(try price("110"), of: .tokenIn))
        #expect(try next.trigger.level == price("107.8") && next.best == price("110"))
        let bought = try #require(TrailingTrigger(bps: 200, best: try price("100"), of: .tokenOut))
        #expect(try bought.trigger == Trigger(.above, price("102"), isConfirmed: true) && bought.renewal == Trigger(.below, price("99.96")))
    }

    @Test func `a sniper waits until its pair can take its amount, or what it says`() throws {
        #expect(try Self.order(#""orderType":"sniper""#).waiting(at: nil) == .liquidity(BaseUnits(1_500_000_000)))
        #expect(try Self.order(#""orderType":"sniper","minLiquidity":"20""#).waiting(at: nil) == .liquidity(BaseUnits(20_000_000_000)))
    }

    @Test(arguments: ["ioc", "fok"]) func `a limit that is tried once does not wait, and never will`(time: String) throws {
        let order = try Self.order(#""orderType":"limit","limitPrice":"180","timeInForce":"\#(time)""#)
        #expect(order.beginsAtOnce && order.waiting(at: nil) == nil && !order.mayRest && order.terms?.expiresAt == nil)
        let stop = try Self.order(#""orderType":"stopLimit","triggerPrice":"170","limitPrice":"169","timeInForce":"\#(time)""#)
        #expect(!stop.beginsAtOnce && stop.waiting(at: nil) != nil && !stop.mayRest)
    }

    @Test func `a limit is a floor on the fill, whatever the slippage says`() throws {
        let sale = try Self.order(#""orderType":"limit","limitPrice":"180","slippageBps":5000"#)
        #expect(sale.floor?.leastOut(for: sale.amountIn) == BaseUnits(270_000_000))
        let purchase = try Self.order(#""orderType":"limit","limitPrice":"7""#, sold: "USDC", bought: "SOL")
        #expect(purchase.floor?.leastOut(for: BaseUnits(1)) == BaseUnits(143))
        #expect(try Self.order(#""orderType":"stop","triggerPrice":"180""#).floor == nil)
    }

    @Test func `the more often an order waits again, the longer it does, up to an hour`() {
        let waits = [0, 1, 4, 5, 49, 50, 99, 100, 10_000].map { RestDelay.milliseconds(after: $0, jitter: 0) }
        #expect(waits == [1000, 2000, 16_000, 30_000, 30_000, 300_000, 300_000, 3_600_000, 3_600_000])
        #expect(RestDelay.milliseconds(after: 0, jitter: 0.1) == 1100)
    }

    @Test func `an order whose size did not fill waits half-way back from the price at which it would`() throws {
        let sale = try Self.order(#""orderType":"limit","limitPrice":"100""#)
        // At the mark 100 its size brings 90: it would fill at 111.11….
        #expect(try sale.resting(mark: price("100"), own: price("90")) == Trigger(.above, price("105.5555555")))
        // Farther than that it does not go: it would miss that the pools have grown.
        #expect(try sale.resting(mark: price("100"), own: price("1")) == Trigger(.above, price("110")))
        // The price has gone: no share of the gap comes from the size.
        #expect(try sale.resting(mark: price("90"), own: price("90")) == Trigger(.above, price("100")))
        #expect(try sale.resting(mark: nil, own: price("80")) == Trigger(.above, price("100")))
        let purchase = try Self.order(#""orderType":"limit","limitPrice":"100""#, sold: "USDC", bought: "SOL")
        #expect(try purchase.resting(mark: price("100"), own: price("125")) == Trigger(.below, price("90")))
        #expect(try purchase.resting(mark: price("100"), own: price("900")) == Trigger(.below, price("90")))
        #expect(try purchase.resting(mark: price("100"), own: price("110")) == Trigger(.below, price("95.45454546")))
        #expect(try Self.order(#""orderType":"stop","triggerPrice":"180""#).resting(mark: price("1"), own: price("1")) == nil)
    }

    @Test(
        arguments: [
            (#""orderType":"limit""#, "limitPrice", true), (#""orderType":"stop""#, "triggerPrice", true),
            (#""orderType":"stopLimit","limitPrice":1"#, "triggerPrice", true), (#""orderType":"trailingStop""#, "trailingBps", true),
            (#""orderType":"limit","limitPrice":1,"timeInForce":"gtd""#, "expiresAt", true),
            (#""orderType":"limit","limitPrice":1,"triggerCondition":"below""#, "triggerCondition", true),
            (#""orderType":"limit","limitPrice":0"#, "limitPrice", false), (#""orderType":"limit","limitPrice":"1e-19""#, "limitPrice", false),
            (#""orderType":"limit","limitPrice":"1e20""#, "limitPrice", false), (#""orderType":"limit","limitPrice":-1"#, "limitPrice", false),
            (#""orderType":"limit","limitPrice":1,"triggerPrice":1"#, "triggerPrice", false),
            (#""orderType":"stop","triggerPrice":1,"timeInForce":"ioc""#, "timeInForce", false),
            (#""orderType":"limit","limitPrice":1,"timeInForce":"day""#, "timeInForce", false),
            (#""orderType":"limit","limitPrice":1,"timeInForce":"fok","expiresAt":5"#, "expiresAt", false),
            (#""orderType":"limit","limitPrice":1,"expiresAt":7776001"#, "expiresAt", false),
            (#""orderType":"limit","limitPrice":1,"priceToken":"BONK""#, "priceToken", false),
            (#""orderType":"trailingStop","trailingBps":9"#, "trailingBps", false),
            (#""orderType":"trailingStop","trailingBps":9001"#, "trailingBps", false),
            (#""orderType":"limit","limitPrice":1,"deadline":5"#, "deadline", false),
            (#""orderType":"limit","limitPrice":1,"allowImmediate":1"#, "allowImmediate", false),
            (#""orderType":"limit","limitPrice":1,"minLiquidity":1"#, "minLiquidity", false),
            (#""orderType":"sniper","then":[]"#, "then", false), (#""orderType":"sniper","then":{"orderType":"limit"}"#, "then.limitPrice", true),
            (#""orderType":"sniper","then":{"userId":"a"}"#, "then.userId", false),
        ])
    func `what makes no order is refused at its field`(members: String, field: String, isTerm: Bool) throws {
        let refusal = try #require(throws: RequestRefusal.self) { try Self.read(members).get() }
        #expect(refusal.errors.map(\.field) == [field] && refusal.code == (isTerm ? .badTerms : .badRequest), "\(refusal.error)")
        #expect(refusal.error.hasPrefix(field + " "))
    }

    @Test func `a limit that no amount could meet is refused`() throws {
        let refusal = try #require(throws: RequestRefusal.self) { try Self.read(#""orderType":"limit","limitPrice":"99999999999999999999""#).get() }
        #expect(refusal.code == .badTerms && refusal.error.contains("more of USDC than there can be"))
    }

    @Test func `the price is that of the token that prices are not given in, unless the order says otherwise`() throws {
        #expect(try Self.order(#""orderType":"limit","limitPrice":"0.007","priceToken":"USDC""#).terms?.priced == .tokenOut)
        #expect(PricedToken(sold: .sol, bought: .usdc) == .tokenIn && PricedToken(sold: .usdc, bought: .sol) == .tokenOut)
        #expect(PricedToken(sold: .usdc, bought: .usdc) == nil)
    }

    @Test func `what follows an order goes the other way and sells what came in, unless it says otherwise`() throws {
        func body(_ profit: Int, _ stop: Int) -> String {
            let then = #"{"orderType":"takeProfit","triggerPrice":"\#(profit)"},{"orderType":"stop","triggerPrice":"\#(stop)"}"#
            return #""orderType":"limit","limitPrice":"180","then":[\#(then)]"#
        }
        let order = try Self.order(body(150, 200))
        #expect(order.then.count == 2 && order.then.allSatisfy { $0.tokenIn == .usdc && $0.tokenOut == .sol && $0.amountIn == BaseUnits(0) })
        #expect(order.then.map { $0.terms?.priced } == [.tokenOut, .tokenOut] && order.then.allSatisfy { $0.oco != nil })
        #expect(throws: RequestRefusal.self) { try Self.read(body(200, 150)).get() }
    }

    @Test func `requests that mean different orders have different fingerprints`() throws {
        let bodies = [
            #""orderType":"limit","limitPrice":"180""#, #""orderType":"limit","limitPrice":"181""#, #""orderType":"stop","triggerPrice":"180""#,
            #""orderType":"limit","limitPrice":"180","expiresAt":60"#, #""orderType":"limit","limitPrice":"180","timeInForce":"fok""#,
            #""orderType":"limit","limitPrice":"180","then":{"orderType":"stop","triggerPrice":"1"}"#, #""orderType":"market""#,
        ]
        #expect(Set(try bodies.map { try Self.order($0).fingerprint }).count == bodies.count)
        #expect(try Self.order(bodies[0]).fingerprint == Self.order(#""orderType":"LIMIT","limitPrice":180.00"#).fingerprint)
    }

    @Test(
        arguments: [
            (#""orderType":"limit","limitPrice":"180""#, "Sell 1.5 SOL when SOL is at or above 180 USDC, for at least 270 USDC"),
            (
                #""orderType":"limit","limitPrice":"180","timeInForce":"ioc""#,
                "Sell 1.5 SOL, for at least 270 USDC, or perhaps only a part, at 180 USDC or better"
            ),
            (#""orderType":"limit","limitPrice":"180","timeInForce":"fok""#, "Sell 1.5 SOL, for at least 270 USDC"),
            (
                #""orderType":"stop","triggerPrice":"150""#,
                "Sell 1.5 SOL when SOL is at or below 150 USDC, at the price of that moment, at most 10 % below its quote"
            ),
            (
                #""orderType":"sniper""#,
                "Sell 1.5 SOL as soon as there is a market that takes 1.5 SOL, at the price of that moment, at most 1 % below its quote"
            ),
        ])
    func `one sentence says what will happen`(members: String, sentence: String) throws {
        let order = try Self.order(members)
        #expect(order.sentence(order.waiting(at: nil)) == sentence)
    }

    @Test func `a distance is rounded up, and nothing is left of one that is reached`() throws {
        let trigger = Trigger(.above, try price("180"))
        #expect(try trigger.distanceBps(from: price("179.9999")) == 1 && trigger.distanceBps(from: price("90")) == 10_000)
        #expect(try trigger.distanceBps(from: price("180")) == 0 && trigger.distanceBps(from: price("500")) == 0)
    }

    @Test func `an amendment changes what it names and nothing else, and only what the type has`() throws {
        let order = try Self.order(#""orderType":"stopLimit","triggerPrice":"150","limitPrice":"149""#)
        func amend(_ body: String) -> Result<Amendment, RequestRefusal> { AmendReading(body: Array(body.utf8), order: order).result }
        let amended = try amend(#"{"limitPrice":"148","expiresAt":60}"#).get().applied(to: order, now: 5000)
        #expect(try amended.terms?.limitPrice == price("148") && amended.terms?.triggerPrice == price("150"))
        #expect(amended.terms?.expiresAt == 65_000 && amended.slippageBps == order.slippageBps && amended.amountIn == order.amountIn)
        for (body, field) in [
            ("{}", "*"), (#"{"allowImmediate":true}"#, "*"), (#"{"amount":2}"#, "amount"), (#"{"orderType":"stop"}"#, "orderType"),
            (#"{"trailingBps":100}"#, "trailingBps"), (#"{"limitPrice":"x"}"#, "limitPrice"), (#"{"tokenIn":"SOL"}"#, "tokenIn"),
        ] {
            let refusal = try #require(throws: RequestRefusal.self) { try amend(body).get() }
            #expect(refusal.errors.map(\.field) == [field], "\(refusal.error)")
        }
    }

    @Test(
        arguments: [
            (#"[{"orderType":"takeProfit","triggerPrice":"200"},{"orderType":"stop","triggerPrice":"150"}]"#, nil),
            (#"[{"orderType":"takeProfit","triggerPrice":"150"},{"orderType":"stop","triggerPrice":"200"}]"#, "has the higher price"),
            (#"[{"orderType":"limit","limitPrice":"150"},{"orderType":"takeProfit","triggerPrice":"200"}]"#, "different sides"),
            (#"[{"orderType":"market"},{"orderType":"stop","triggerPrice":"200"}]"#, "wait for a price"),
            (#"[{"orderType":"stop","triggerPrice":"200"}]"#, "a list of two orders"),
        ] as [(String, String?)])
    func `a pair is two orders that wait on both sides of the price`(orders: String, problem: String?) throws {
        let each = orders.replacing("{", with: #"{"tokenIn":"SOL","tokenOut":"USDC","amount":1,"#)
        let reading = PairReading(body: Array(#"{"orders":\#(each)}"#.utf8), idempotencyKeys: ["k"], tokens: try Samples.tokens())
        switch (reading.result, problem) {
        case (.success(let pair), nil): #expect(pair.first.idempotencyKey == "k" && reading.claim?.key == "k")
        case (.failure(let refusal), let problem?): #expect(refusal.error.contains(problem), "\(refusal.error)")
        default: Issue.record("\(reading.result)")
        }
    }
}
