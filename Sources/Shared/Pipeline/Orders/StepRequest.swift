internal import JSON
public import Orders

/// One transition of an order: the step, the fields that it stores, and its events. A pure value: the worker makes it, the script writes it.
public struct StepRequest: Sendable {
    /// An event that the script has not numbered and stamped yet.
    struct Event: Sendable {
        let type: EventType
        /// Per cent; nil repeats the last progress.
        let progress: Int?
        /// `{dex}` in it stands for the venues on which a transaction will be built.
        let message: String
        /// The members that this event adds to the order's record, see `OrderFold`.
        var members = ""

        /// The event as it is stored.
        func compact(attempt: Int, venues: String = "") -> CompactEvent {
            CompactEvent(type, progress: progress, message: message.filling("{dex}", with: venues), attempt: attempt, members: members)
        }
    }

    public let step: OrderStep
    var fields: [(name: String, value: String)] = []
    var events: [Event] = []
    var delay: UInt64 = 0
    var usesAttempt = false
    /// The state in which the worker has seen the order, if the step has several source states and not each will do. Nil if any will do.
    var seen: OrderState?
    /// Why the order fails in this step.
    var failure: FailureCode?
    /// The orders that are placed because this one fills.
    var then: [NewOrder] = []

    /// The first event of an order.
    static let pending = Event(type: .pending, progress: Progress.none, message: EventMessage.pending)

    /// The router begins: quotes are being fetched.
    public static let routeBegin = StepRequest(
        step: .routeBegin, events: [Event(type: .routing, progress: Progress.fetchingQuotes, message: EventMessage.fetchingQuotes)])

    /// The router is done with `quotes`, best first. The `unavailable` venues had no quote. `reason` is why the route was chosen. The route is the
    /// first quote unless `chosen` is given.
    public static func routeDone(
        _ quotes: [Quote], chosen: ChosenRoute? = nil, unavailable: [UnavailableVenue] = [], reason: String? = nil
    ) -> StepRequest {
        let chosen = chosen ?? ChosenRoute(quotes[0])
        let more = JSONWriter.members {
            $0.field("reason", ifPresent: reason)
            $0.field("unavailable", ifPresent: unavailable.isEmpty ? nil : unavailable)
        }
        let members = CompactEvent.members(quotes: quotes, chosen: chosen) + (more.isEmpty ? "" : "," + more)
        let event = Event(type: .routing, progress: Progress.routed, message: EventMessage.received(quotes: quotes.count), members: members)
        return StepRequest(step: .routeDone, fields: [("v", chosen.openVenues)], events: [event])
    }

    /// The executor begins with the chosen route.
    public static let buildBegin = StepRequest(
        step: .buildBegin,
        events: [Event(type: .building, progress: Progress.building, message: EventMessage.building(dex: "{dex}"), members: CompactEvent.showsQuotes)]
    )

    /// The executor is about to send its signed transactions, one for each open leg. All are stored before the first is sent.
    public static func submit(_ transactions: [SignedTransaction], attempt: Int, maxAttempts: Int) -> StepRequest {
        StepRequest(
            step: .submit,
            fields: [("t", SignedTransaction.json(transactions))],
            events: [
                Event(type: .building, progress: Progress.built, message: EventMessage.built),
                Event(
                    type: .submitted, progress: Progress.submitted(attempt: attempt),
                    message: EventMessage.submitting(attempt: attempt, maxAttempts: maxAttempts),
                    members: JSONWriter.members { $0.field("txHash", transactions[0].signature) }),
            ])
    }

    /// The swap has landed.
    public static func confirm(_ fill: Fill) -> StepRequest {
        StepRequest(
            step: .confirm,
            events: [
                Event(
                    type: .confirmed, progress: Progress.confirmed, message: EventMessage.confirmed,
                    members: JSONWriter.members { fill.write(to: &$0) }
                )
            ])
    }

    /// The step after a failure: another attempt after a wait, a fresh quote, or the end. Not written if the order is no longer in `state`.
    ///
    /// - Parameters:
    ///   - state: the state in which the work failed: routing, building, or submitted if the transaction's outcome is certain.
    ///   - delay: the wait before the next attempt in ms, if there is a wait.
    ///   - remark: an addition to the last sentence of the order, about the part that has landed.
    public static func after(
        _ failure: OrderFailure, in state: OrderState, attempt: Int, maxAttempts: Int, delay: UInt64, remark: String? = nil
    ) -> StepRequest {
        let followUp = failure.code.followUp
        let remaining = max(0, maxAttempts - attempt)
        guard followUp != .giveUp, remaining > 0 || !failure.code.usesAttempt else {
            return fail(failure.remarking(remark ?? ""), in: state, attempt: attempt, tried: true)
        }
        let step: OrderStep = state.stage == .router ? .routeRetry : followUp == .sameRoute ? .retry : .requote
        let atOnce = followUp == .freshQuoteAtOnce
        let next = atOnce ? attempt : attempt + 1
        let wait = atOnce ? 0 : delay
        let pending = JSONWriter.members {
            $0.field("delayMs", wait)
            $0.field("nextAttempt", next)
        }
        return StepRequest(
            step: step,
            events: [
                executionFailed(failure, retriesRemaining: remaining),
                Event(
                    type: .retryPending, progress: nil,
                    message: EventMessage.retrying(delayMs: wait, nextAttempt: next, maxAttempts: maxAttempts), members: pending),
            ], delay: wait, usesAttempt: !atOnce, seen: state)
    }

    /// The order waits for its price again, because its limit was not met at its own size. No attempt is used.
    ///
    /// - Parameters:
    ///   - state: the state in which that was found: routing, building, or submitted if the transaction's outcome is certain.
    ///   - got: what a quote or the transaction would have brought; nil if there was none.
    ///   - delay: how long it waits at least, in ms.
    public static func rest(_ order: Order, for trigger: Trigger, in state: OrderState, got: BaseUnits?, delay: UInt64) -> StepRequest {
        let waiting = Waiting.price(trigger)
        let reason = got.map { "Limit not met: its size would bring \($0.decimalText(decimals: order.tokenOut.decimals)) \(order.tokenOut.symbol); " }
        let message = (reason ?? "Limit not met; ") + "the order waits for \(order.words(waiting))"
        let event = Event(type: .open, progress: Progress.none, message: message, members: NewOrder.members(waiting))
        let spot = PriceDirection(order).map { WaitPlace(waiting, $0).spot } ?? ""
        return StepRequest(step: .rest, fields: [("w", spot)], events: [event], delay: delay, seen: state)
    }

    /// Places the orders that follow this one.
    public func placing(_ then: [NewOrder]) -> StepRequest {
        var request = self
        request.then = then
        return request
    }

    /// The end of an order that failed for good. `tried` says whether an attempt was under way. `state` is nil if any state will do.
    static func fail(_ failure: OrderFailure, in state: OrderState?, attempt: Int, tried: Bool) -> StepRequest {
        let members = JSONWriter.members {
            $0.field("error", failure)
            $0.field("totalAttempts", attempt)
        }
        let last = Event(type: .failed, progress: Progress.none, message: failure.message, members: members)
        return StepRequest(
            step: .fail, events: tried ? [executionFailed(failure, retriesRemaining: 0), last] : [last], seen: state,
            failure: failure.code)
    }

    private static func executionFailed(_ failure: OrderFailure, retriesRemaining: Int) -> Event {
        Event(
            type: .executionFailed, progress: nil, message: failure.message,
            members: JSONWriter.members {
                $0.field("error", failure)
                $0.field("transient", failure.retryable)
                $0.field("retriesRemaining", retriesRemaining)
            })
    }

    /// Stores how far the legs of a split order are; the events from here on show it. The route of any other order stays as it is.
    public func updating(_ route: ChosenRoute) -> StepRequest {
        route.isSplit ? adding(route.members, storing: "v", route.openVenues) : self
    }

    /// Stores the landed part of an order, for a step that ends the order before the rest has landed.
    public func storing(_ filled: PartialFill, of order: Order) -> StepRequest {
        let remark = JSONWriter.value(filled.remark(on: order)).dropFirst().dropLast()
        return adding(CompactEvent.members(filled: filled), storing: "l", String(remark))
    }

    /// Adds members to the first event, and a field that the step stores.
    private func adding(_ members: String, storing name: String, _ value: String) -> StepRequest {
        var request = self
        request.events[0].members += (request.events[0].members.isEmpty ? "" : ",") + members
        request.fields.append((name, value))
        return request
    }
}

/// The result of a swap.
public struct Fill: Sendable {
    /// Output per input in whole tokens, 12 significant digits.
    public let executedPrice: String
    /// Output in base units.
    public let amountOut: BaseUnits
    /// Output in whole tokens, exact.
    public let amountOutDecimal: String
    /// How much worse than quoted the output is, in basis points; negative if it is better.
    public let realisedSlippageBps: Int
    /// The network's fee, in lamports.
    public let networkFeeLamports: UInt64

    public init(executedPrice: String, amountOut: BaseUnits, amountOutDecimal: String, realisedSlippageBps: Int, networkFeeLamports: UInt64) {
        self.executedPrice = executedPrice
        self.amountOut = amountOut
        self.amountOutDecimal = amountOutDecimal
        self.realisedSlippageBps = realisedSlippageBps
        self.networkFeeLamports = networkFeeLamports
    }

    func write(to members: inout JSONWriter) {
        members.field("executedPrice", executedPrice)
        members.field("amountOut", amountOut)
        members.field("amountOutDecimal", amountOutDecimal)
        members.field("realisedSlippageBps", realisedSlippageBps)
        members.field("networkFeeLamports", networkFeeLamports)
    }
}
