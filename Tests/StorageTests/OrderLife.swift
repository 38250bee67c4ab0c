import Orders
import Storage
import TestOrders

/// An order and the events of its life, as the pipeline would write them.
struct OrderLife: Sendable {
    private(set) var order: Order
    private(set) var events: [OrderEvent] = []

    private static let sol = Token.sol
    private static let usdc = Token.usdc

    /// An order that has just been accepted. Nine fraction digits and the largest amount: what must not be rounded.
    init(amountIn: UInt64 = .max, userId: UserID? = "harsh \"quoted\" \\ 日本", clientOrderId: String? = "key-1") {
        var random = SystemRandomNumberGenerator()
        order = Order(
            id: OrderID(milliseconds: 1_768_030_217_789, partition: 0, random: &random), clientOrderId: clientOrderId, userId: userId,
            tokenIn: Self.sol, tokenOut: Self.usdc, amountIn: BaseUnits(amountIn), slippageBps: 100, slippage: "0.010",
            deadline: 1_768_030_300_001, createdAt: 1_768_030_217_789, traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            maxAttempts: 3, fingerprint: "f")
        add(.pending, .pending, 0, EventMessage.pending) { _ in }
    }

    /// A life with a first attempt that fails and a second one that fills on another venue: every column changes at least once.
    static func filled(amountIn: UInt64 = .max) -> OrderLife {
        var life = OrderLife(amountIn: amountIn)
        life.route(to: "meteora", attempt: 1)
        life.submit("signature-1", dex: "meteora", attempt: 1)
        life.retry(attempt: 1)
        life.route(to: "raydium", attempt: 2)
        life.submit("signature-2", dex: "raydium", attempt: 2)
        life.add(.confirmed, .confirmed, 100, EventMessage.confirmed, attempt: 2) {
            $0.chosenDex = "raydium"
            $0.txHash = "signature-2"
            $0.executedPrice = "145.3"
            $0.amountOut = BaseUnits(217_950_000)
            $0.amountOutDecimal = "217.95"
            $0.realisedSlippageBps = -1
            $0.networkFeeLamports = 5000
        }
        return life
    }

    /// A life that ends without a fill.
    static func failed() -> OrderLife {
        var life = OrderLife(amountIn: 1, userId: nil, clientOrderId: nil)
        life.add(.routing, .routing, 10, EventMessage.fetchingQuotes, attempt: 1) { _ in }
        life.add(.failed, .failed, 0, FailureCode.noRoute.sentence, attempt: 1) { $0.error = OrderFailure(.noRoute) }
        return life
    }

    /// Makes it another order, accepted at another time. The events keep their times.
    mutating func createdAt(_ milliseconds: UInt64, userId: UserID, clientOrderId: String) {
        order = Order(
            id: order.id, clientOrderId: clientOrderId, userId: userId, tokenIn: order.tokenIn, tokenOut: order.tokenOut, amountIn: order.amountIn,
            slippageBps: 100, slippage: "0.010", createdAt: milliseconds, maxAttempts: 3, fingerprint: "f")
    }

    /// What the stream brings.
    var stored: [StoredEvent] { events.map { StoredEvent(orderID: order.id.description, seq: $0.seq, event: $0.json, order: order.json) } }

    private mutating func route(to dex: String, attempt: Int) {
        add(.routing, .routing, 10, EventMessage.fetchingQuotes, attempt: attempt) { _ in }
        let quotes = [Self.quote(dex), Self.quote("orca")]
        add(.routing, .routing, 30, EventMessage.received(quotes: 2), attempt: attempt) {
            $0.chosenDex = dex
            $0.quotes = quotes
        }
    }

    private mutating func submit(_ signature: String, dex: String, attempt: Int) {
        add(.building, .building, 50, EventMessage.building(dex: dex), attempt: attempt) { $0.chosenDex = dex }
        add(.submitted, .submitted, 80, EventMessage.submitting(attempt: attempt, maxAttempts: 3), attempt: attempt) {
            $0.chosenDex = dex
            $0.txHash = signature
        }
    }

    private mutating func retry(attempt: Int) {
        add(.executionFailed, .submitted, 80, FailureCode.network.sentence, attempt: attempt) { $0.error = OrderFailure(.network) }
        add(.retryPending, .routing, 80, "Retrying", attempt: attempt) { $0.nextAttempt = attempt + 1 }
    }

    private mutating func add(
        _ type: EventType, _ status: OrderStatus, _ progress: Int, _ message: String, attempt: Int? = nil, _ change: (inout OrderEvent) -> Void
    ) {
        var event = OrderEvent(
            orderId: order.id, seq: events.count + 1, type: type, status: status, progress: progress,
            timestamp: Timestamp.text(milliseconds: order.createdAt + UInt64(events.count) * 1001), message: message, attempt: attempt)
        change(&event)
        events.append(event)
    }

    private static func quote(_ dex: String) -> Quote {
        Quote(
            dex: dex, pool: "\(dex)-1", amountIn: BaseUnits(1_500_000_000), amountOut: BaseUnits(218_220_000), minReceived: BaseUnits(216_037_800),
            feeBps: "12.50", priceImpactPct: "0.0012", inputDecimals: 9, outputDecimals: 6)
    }
}
