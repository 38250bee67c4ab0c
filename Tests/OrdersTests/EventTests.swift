import JSON
import Testing

@testable import Orders

@Suite struct EventTests {
    private static let meteoraText =
        #"{"dex":"meteora","pool":"pool-m","amountIn":"1500000000","amountInDecimal":"1.5","amountOut":"218220000","amountOutDecimal":"218.22","#
        + #""price":"145.48","feeBps":20,"priceImpactPct":"0.0012","minReceived":"216037800","minReceivedDecimal":"216.0378"}"#

    @Test func `a quote is written as the contract shows it`() throws {
        #expect(Samples.meteora.json == Self.meteoraText)
        let older = Self.meteoraText.replacing(#""amountInDecimal":"1.5","#, with: "")
        #expect(try Quote(json: try JSONValue.parse(older)).json == older)
        for quote in [Samples.meteora, Samples.raydium] { #expect(try Quote(json: try JSONValue.parse(quote.json)) == quote) }
        #expect(Samples.raydium.json.contains(#""feeBps":12.5,"#))
    }

    @Test func `a quote over two pools shows both`() throws {
        let hops = [
            QuoteHop(pool: "a", from: Samples.usdc, to: Samples.sol, amountIn: BaseUnits(5), amountOut: BaseUnits(7)),
            QuoteHop(pool: "b", from: Samples.sol, to: Samples.usdc, amountIn: BaseUnits(7), amountOut: BaseUnits(9)),
        ]
        let quote = Quote(
            dex: "meteora", pool: "a", amountIn: BaseUnits(5), amountOut: BaseUnits(9), minReceived: BaseUnits(8), feeBps: "20",
            priceImpactPct: "0.0000", inputDecimals: 6, outputDecimals: 6, hops: hops)
        #expect(
            quote.json.hasSuffix(
                #""minReceivedDecimal":"0.000008","hops":[{"pool":"a","tokenIn":"USDC","tokenOut":"SOL","amountIn":"5","#
                    + #""amountInDecimal":"0.000005","amountOut":"7","amountOutDecimal":"0.000000007"},{"pool":"b","tokenIn":"SOL","#
                    + #""tokenOut":"USDC","amountIn":"7","amountInDecimal":"0.000000007","amountOut":"9","amountOutDecimal":"0.000009"}]}"#))
        #expect(try Quote(json: try JSONValue.parse(quote.json)) == quote)
    }

    @Test(arguments: ["dex", "pool", "amountIn", "amountOut", "amountOutDecimal", "price", "feeBps", "priceImpactPct", "minReceived"])
    func `A quote with a member missing or of another kind is refused by its name`(field: String) throws {
        let members = try #require(try JSONValue.parse(Self.meteoraText).object)
        let changes: [JSONValue] = [
            .object(members.filter { $0.name != field }), .object(members.map { $0.name == field ? JSONMember(field, .bool(true)) : $0 }),
        ]
        for value in changes {
            let error = #expect(throws: RecordError.self) { try Quote(json: value) }
            #expect(error == RecordError.missing(field, of: "quote"))
        }
    }

    @Test func `an order is written compactly and read back`() throws {
        let order = Samples.order
        #expect(try Order(json: order.json) == order)
        #expect(
            order.json.hasPrefix(
                #"{"orderId":"\#(order.id)","clientOrderId":"key-1","userId":"harsh","orderType":"market","tokenIn":{"symbol":"SOL""#))
        #expect(order.json.contains(#""amountIn":"1500000000","slippageBps":100,"slippage":0.010,"deadline":1768030300000,"#))
        let bare = Order(
            id: Samples.id, tokenIn: Samples.sol, tokenOut: Samples.usdc, amountIn: BaseUnits(1), slippageBps: 100, slippage: "0.01", createdAt: 1,
            maxAttempts: 3, fingerprint: "f")
        #expect(try Order(json: bare.json) == bare)
        #expect(!bare.json.contains("null") && !bare.json.contains("userId"))
        for text in ["", "[]", "{}", order.json.replacing("market", with: "\u{1}")] { #expect(throws: RecordError.self) { try Order(json: text) } }
    }

    @Test func `an event is written as the contract shows it`() throws {
        var event = Self.event(4, .building, .building, 50, EventMessage.building(dex: "meteora"))
        event.chosenDex = "meteora"
        event.quote = Samples.meteora
        event.quotes = [Samples.meteora, Samples.raydium]
        #expect(
            event.json == #"{"orderId":"\#(Samples.id)","seq":4,"type":"building","status":"building","progress":50,"#
                + #""timestamp":"2026-01-10T07:30:04.000Z","message":"Building transaction on meteora...","attempt":1,"maxAttempts":3,"#
                + #""chosenDex":"meteora","quote":\#(Self.meteoraText),"quotes":[\#(Self.meteoraText),\#(Samples.raydium.json)]}"#)
        #expect(try OrderEvent(json: try JSONValue.parse(event.json)) == event)
        #expect(event.raw == nil && event.text == event.json)
    }

    @Test func `every key of an event is read back`() throws {
        var event = Self.event(9, .executionFailed, .submitted, 80, "x")
        event.txHash = "5J"
        event.executedPrice = "145.48"
        event.amountOut = BaseUnits(218_220_000)
        event.amountOutDecimal = "218.22"
        event.realisedSlippageBps = -3
        event.networkFeeLamports = 5000
        event.legs = [OrderLeg(0, Samples.raydium).submitted("s").landed(BaseUnits(7), of: Samples.usdc)]
        event.reason = "meteora: 218.22, the only quote"
        event.stageMs = StageTimes(pending: 1, routing: 2, building: 3, submitted: 4, total: 10)
        event.error = OrderFailure(.network)
        event.transient = true
        event.retriesRemaining = 0
        event.delayMs = 1040
        event.nextAttempt = 2
        event.totalAttempts = 3
        event.filled = PartialFill(amountIn: BaseUnits(1), amountOut: BaseUnits(2), inputDecimals: 9, outputDecimals: 6)
        event.clientOrderId = "key-1"
        event.traceparent = "00-1-2-01"
        let value = try JSONValue.parse(event.json)
        #expect(try OrderEvent(json: value) == event)
        #expect(value.object?.count == 27)
        #expect(value["type"]?.string == "execution-failed" && value["error"]?["code"]?.string == "NETWORK")
    }

    @Test func `every field of an event has its row in the table`() {
        #expect(EventField.all.count == Mirror(reflecting: EventDetails()).children.count)
    }

    @Test func `a stored event keeps its bytes and unknown keys`() throws {
        let text =
            #"{ "orderId":"\#(Samples.id)","seq":1,"type":"pending","status":"pending","progress":0,"timestamp":"t","#
            + #""message":"m","new":[1],"txHash":null}"#
        let event = try OrderEvent(parsing: text)
        #expect(event.raw == text && event.text == text && event.json != text)
        #expect(event.seq == 1 && event.attempt == nil && event.txHash == nil)
    }

    @Test(
        arguments: [
            ("", nil), ("[]", nil), ("{", nil), ("{}", "orderId"), (#""seq":0"#, "seq"), (#""seq":9007199254740992"#, "seq"),
            (#""seq":9223372036854775807"#, "seq"),
            (#""type":"new""#, "type"), (#""status":"x""#, "status"),
            (#""progress":101"#, "progress"), (#""timestamp":1"#, "timestamp"), (#""message":null"#, "message"),
        ])
    func `An event that lacks what each has is refused`(member: String, field: String?) throws {
        var text = member
        if member.hasPrefix("\"") {
            let name = String(member.split(separator: "\"")[0])
            let members = try #require(try JSONValue.parse(Self.event(1, .pending, .pending, 0, "m").json).object)
            let value = try #require(try JSONValue.parse("{\(member)}")[name])
            text = JSONValue.object(members.map { $0.name == name ? JSONMember(name, value) : $0 }).serialized
        }
        let error = #expect(throws: RecordError.self) { try OrderEvent(parsing: text) }
        #expect(error?.field == field && error?.record == "event")
    }

    @Test(arguments: ["", "abc", "1 ,", "01", " 1", "1e", "NaN", "null"])
    func `an event whose price is no number is refused: some dialects show it as one`(price: String) throws {
        var event = Self.event(1, .confirmed, .confirmed, 100, "m")
        event.executedPrice = price
        let error = #expect(throws: RecordError.self) { try OrderEvent(parsing: event.json) }
        #expect(error?.field == "executedPrice")
        let members = #""executedPrice":\#(JSONValue.string(price).serialized)"#
        let line = CompactEvent(.confirmed, progress: 100, message: "m", attempt: 1, members: members).line(at: 1, seq: 1)
        #expect(throws: RecordError.self) { try EventLine(Substring(line)) }
    }

    @Test func `messages are those of the progress dialect`() {
        #expect(EventMessage.pending == "Order created and queued")
        #expect(EventMessage.fetchingQuotes == "Fetching quotes from multiple DEXs...")
        #expect((1...2).map(EventMessage.received) == ["Received 1 quote", "Received 2 quotes"])
        #expect(EventMessage.building(dex: "raydium") == "Building transaction on raydium...")
        #expect(EventMessage.built == "Transaction built, ready to submit")
        #expect(EventMessage.submitting(attempt: 1, maxAttempts: 3) == "Submitting transaction (attempt 1/3)...")
        #expect(EventMessage.confirmed == "Order successfully executed")
        #expect(EventMessage.cancelled == "Order cancelled")
        let delays: [UInt64] = [0, 49, 50, 999, 1000, 1049, 2150]
        #expect(
            delays.map { EventMessage.retrying(delayMs: $0, nextAttempt: 2, maxAttempts: 3).split(separator: " ")[2] } == [
                "0.0", "0.0", "0.1", "1.0", "1.0", "1.0", "2.2",
            ])
        #expect(EventMessage.retrying(delayMs: 1000, nextAttempt: 2, maxAttempts: 3) == "Retrying in 1.0 s (attempt 2/3)")
        #expect([1, 2, 3, 4, 5, .max, .min].map(Progress.submitted) == [80, 85, 90, 90, 90, 90, 75])
    }

    static func event(_ seq: Int, _ type: EventType, _ status: OrderStatus, _ progress: Int, _ message: String) -> OrderEvent {
        OrderEvent(
            orderId: Samples.id, seq: seq, type: type, status: status, progress: progress, timestamp: "2026-01-10T07:30:0\(seq).000Z",
            message: message, attempt: 1, maxAttempts: 3)
    }
}
