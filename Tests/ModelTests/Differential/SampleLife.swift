import Orders
import TestOrders
import TestSupport

@testable import Pipeline

/// An order with its history up to some state.
struct SampleLife {
    let order: Order
    let state: OrderState
    let attempt: Int
    let route: ChosenRoute
    /// The events of each step.
    let steps: [[CompactEvent]]
    /// The time of the newest event, in ms.
    let at = Grounds.now - 1000

    private static let raydium = Quote(
        dex: "raydium", pool: "other", amountIn: BaseUnits(500_000_000), amountOut: BaseUnits(72_000_000), minReceived: BaseUnits(71_000_000),
        feeBps: "25", priceImpactPct: "0.0010", inputDecimals: 9, outputDecimals: 6)
    private static let meteora = Quote(
        dex: "meteora", pool: "pool", amountIn: BaseUnits(1_000_000_000), amountOut: BaseUnits(145_000_000), minReceived: BaseUnits(144_000_000),
        feeBps: "20", priceImpactPct: "0.0012", inputDecimals: 9, outputDecimals: 6)

    init(in state: OrderState, using random: inout SeededGenerator) {
        let deadline = [nil, nil, nil, Grounds.now + 60_000, Grounds.now, Grounds.now - 1].randomElement(using: &random)!
        let order = Order(
            id: OrderID(milliseconds: 1_768_030_217_789, partition: 0, random: &random), userId: [nil, "u", "v"].randomElement(using: &random)!,
            tokenIn: .sol, tokenOut: .usdc, amountIn: BaseUnits(1_500_000_000), slippageBps: 100, slippage: "0.01", deadline: deadline,
            createdAt: 1_768_030_217_789, maxAttempts: 3, fingerprint: "{\"a\":\"b c\"}")
        self.order = order
        self.state = state
        attempt = Int.random(in: 0..<6, using: &random) > 0 ? 1 : 2
        let isSplit = Int.random(in: 0..<3, using: &random) == 0
        route = isSplit ? ChosenRoute([Self.meteora, Self.raydium], of: order, after: nil) : ChosenRoute(SampleOrder.quote)
        let start = Bool.random(using: &random) || state == .pending ? [] : Self.path(to: .waiting, order, attempt: 1, route).dropFirst()
        let path = Self.path(to: state, order, attempt: attempt, route)
        steps = [path[0]] + start + path.dropFirst()
    }

    var seq: Int { steps.reduce(0) { $0 + $1.count } }
    var isPastDeadline: Bool { order.deadline.map { $0 < Grounds.now } ?? false }

    /// The lines of each step, with the seq of its first.
    var lines: [(seq: Int, text: String)] {
        var seq = 0
        return steps.map { events in
            let first = seq + 1
            let lines = events.map { event in
                seq += 1
                return event.line(at: at - 1, seq: seq)
            }
            return (first, lines.joined(separator: "\n"))
        }
    }

    /// The steps from an order's acceptance to a state.
    private static func path(to state: OrderState, _ order: Order, attempt: Int, _ route: ChosenRoute) -> [[CompactEvent]] {
        requests(to: state, order, attempt: attempt, route).map { events in
            events.map { $0.compact(attempt: attempt, venues: route.openVenues) }
        }
    }

    private static func requests(to state: OrderState, _ order: Order, attempt: Int, _ route: ChosenRoute) -> [[StepRequest.Event]] {
        let routing = [[StepRequest.pending], StepRequest.routeBegin.events]
        let routed = routing + [routeDone(route).events]
        let building = routed + [StepRequest.buildBegin.events]
        let submitted = building + [submit(order, attempt: attempt, route).events]
        switch state {
        case .open: return [[StepRequest.Event(type: .open, progress: 0, message: EventMessage.waiting(for: "180 USDC"))]]
        case .expired:
            return [
                [StepRequest.Event(type: .open, progress: 0, message: EventMessage.waiting(for: "180 USDC"))],
                [StepRequest.Event(type: .expired, progress: 0, message: EventMessage.expired)],
            ]
        case .pending: return [[StepRequest.pending]]
        case .routing: return routing
        case .routed: return routed
        case .building: return building
        case .submitted: return submitted
        case .waiting, .requote:
            // The step names no status, so the first event takes that of its type.
            return building + [[StepRequest.Event(type: .routing, progress: nil, message: "Waiting")]]
        case .confirmed: return submitted + [StepRequest.confirm(SampleOrder.fill).events]
        case .failed: return [[StepRequest.pending], StepRequest.fail(OrderFailure(.internal), in: nil, attempt: 1, tried: false).events]
        case .cancelled: return [[StepRequest.pending], [StepRequest.Event(type: .cancelled, progress: 0, message: EventMessage.cancelled)]]
        }
    }

    static func routeDone(_ route: ChosenRoute) -> StepRequest {
        let unavailable = UnavailableVenue("orca", OrderFailure(.venueUnavailable))
        return .routeDone(
            [SampleOrder.quote, raydium], chosen: route, unavailable: route.isSplit ? [unavailable] : [], reason: "best \"net\" output\nof 2")
    }

    static func submit(_ order: Order, attempt: Int, _ route: ChosenRoute) -> StepRequest {
        StepRequest.submit(transactions(order, attempt: attempt, route), attempt: attempt, maxAttempts: order.maxAttempts)
            .updating(submitted(route, order))
    }

    static func transactions(_ order: Order, attempt: Int, _ route: ChosenRoute) -> [SignedTransaction] {
        route.open.map { leg in
            SignedTransaction(
                leg: leg.number, attempt: attempt, signature: "sig-\(order.id)-\(leg.number)", bytes: "bytes", lastValidSlot: 7, quote: leg.quote,
                minOut: leg.quote.minReceived)
        }
    }

    private static func submitted(_ route: ChosenRoute, _ order: Order) -> ChosenRoute {
        route.changing(Dictionary(uniqueKeysWithValues: route.open.map { ($0.number, $0.submitted("sig-\(order.id)-\($0.number)")) }))
    }

    static func confirm(_ order: Order, _ route: ChosenRoute) -> StepRequest {
        let landed = route.legs.map { ($0.number, $0.submitted("s").landed($0.quote.amountOut, of: order.tokenOut)) }
        return StepRequest.confirm(SampleOrder.fill).updating(route.changing(Dictionary(uniqueKeysWithValues: landed)))
    }
}
