import JSON
import Orders
import Storage
import TestOrders

/// An order and the lines of its life, as the pipeline would write them.
struct OrderLife: Sendable {
    private(set) var order: Order
    private var compact: [CompactEvent] = []

    private static let sol = Token.sol
    private static let usdc = Token.usdc

    /// An order that has just been accepted. Nine fraction digits and the largest amount: what must not be rounded.
    init(
        amountIn: UInt64 = .max, userId: UserID? = "harsh \"quoted\" \\ 日本", clientOrderId: String? = "key-1",
        at milliseconds: UInt64 = 1_768_030_217_789
    ) {
        var random = SystemRandomNumberGenerator()
        order = Order(
            id: OrderID(milliseconds: milliseconds, partition: 0, random: &random), clientOrderId: clientOrderId, userId: userId,
            tokenIn: Self.sol, tokenOut: Self.usdc, amountIn: BaseUnits(amountIn), slippageBps: 100, slippage: "0.010",
            deadline: milliseconds + 82_212, createdAt: milliseconds, traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            maxAttempts: 3, fingerprint: "f")
        add(.pending, progress: 0, EventMessage.pending)
    }

    /// A life with a first attempt that fails and a second one that fills on another venue: every column changes at least once.
    static func filled(
        amountIn: UInt64 = .max, userId: UserID? = "harsh \"quoted\" \\ 日本", clientOrderId: String? = "key-1",
        at milliseconds: UInt64 = 1_768_030_217_789
    ) -> OrderLife {
        var life = OrderLife(amountIn: amountIn, userId: userId, clientOrderId: clientOrderId, at: milliseconds)
        life.route(to: "meteora", attempt: 1)
        life.submit("signature-1", dex: "meteora", attempt: 1)
        life.retry(attempt: 1)
        life.route(to: "raydium", attempt: 2)
        life.submit("signature-2", dex: "raydium", attempt: 2)
        life.add(.confirmed, progress: 100, EventMessage.confirmed, attempt: 2) {
            $0.field("executedPrice", "145.3")
            $0.field("amountOut", BaseUnits(217_950_000))
            $0.field("amountOutDecimal", "217.95")
            $0.field("realisedSlippageBps", -1)
            $0.field("networkFeeLamports", 5000)
        }
        return life
    }

    /// A life that ends without a fill.
    static func failed(userId: UserID? = nil, clientOrderId: String? = nil, at milliseconds: UInt64 = 1_768_030_217_789) -> OrderLife {
        var life = OrderLife(amountIn: 1, userId: userId, clientOrderId: clientOrderId, at: milliseconds)
        life.add(.routing, progress: 10, EventMessage.fetchingQuotes)
        life.add(.failed, progress: 0, FailureCode.noRoute.sentence) { $0.field("error", OrderFailure(.noRoute)) }
        return life
    }

    var lines: [String] { compact.enumerated().map { $1.line(at: time(of: $0 + 1), seq: $0 + 1) } }

    /// The events as clients see them.
    var events: [OrderEvent] {
        var fold = OrderFold(order)
        do { try fold.add(lines: Substring(lines.joined(separator: "\n"))) } catch { preconditionFailure("\(error)") }
        return fold.events
    }

    /// The whole order.
    var row: OrderRow { row(upTo: compact.count) }

    /// A snapshot after each event, in order of time.
    var rows: [OrderRow] { (1...compact.count).map(row(upTo:)) }

    /// The order as it was after its first `seq` events.
    func row(upTo seq: Int) -> OrderRow {
        let last = compact[seq - 1]
        guard let status = last.status ?? OrderStatus(rawValue: last.type.rawValue) else { preconditionFailure("\(last.type) needs a status") }
        return OrderRow(
            order, details: order.json, seq: seq, status: status, updatedAt: time(of: seq),
            events: lines.prefix(seq).joined(separator: "\n"))
    }

    private func time(of seq: Int) -> UInt64 { order.createdAt + UInt64(seq - 1) * 1001 }

    private mutating func route(to dex: String, attempt: Int) {
        add(.routing, progress: 10, EventMessage.fetchingQuotes, attempt: attempt)
        let quotes = [Self.quote(dex), Self.quote("orca")]
        let route = CompactEvent.members(quotes: quotes, chosen: ChosenRoute(quotes[0]))
        add(.routing, progress: 30, EventMessage.received(quotes: 2), attempt: attempt) {
            $0.splice(route)
            $0.field("reason", "\(dex) pays more")
        }
    }

    private mutating func submit(_ signature: String, dex: String, attempt: Int) {
        add(.building, progress: 50, EventMessage.building(dex: dex), attempt: attempt) { $0.splice(CompactEvent.showsQuotes) }
        add(.submitted, progress: 80, EventMessage.submitting(attempt: attempt, maxAttempts: 3), attempt: attempt) { $0.field("txHash", signature) }
    }

    private mutating func retry(attempt: Int) {
        add(.executionFailed, .submitted, FailureCode.network.sentence, attempt: attempt) { $0.field("error", OrderFailure(.network)) }
        add(.retryPending, .routing, "Retrying", attempt: attempt) { $0.field("nextAttempt", attempt + 1) }
    }

    private mutating func add(
        _ type: EventType, _ status: OrderStatus? = nil, progress: Int? = nil, _ message: String, attempt: Int = 1,
        _ members: (inout JSONWriter) -> Void = { _ in }
    ) {
        let members = JSONWriter.members(members)
        compact.append(CompactEvent(type, status: status, progress: progress, message: message, attempt: attempt, members: members))
    }

    private static func quote(_ dex: String) -> Quote {
        Quote(
            dex: dex, pool: "\(dex)-1", amountIn: BaseUnits(1_500_000_000), amountOut: BaseUnits(218_220_000), minReceived: BaseUnits(216_037_800),
            feeBps: "12.50", priceImpactPct: "0.0012", inputDecimals: 9, outputDecimals: 6)
    }
}
