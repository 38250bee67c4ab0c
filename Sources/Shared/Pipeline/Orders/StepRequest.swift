internal import JSON
public import Orders

/// One transition of an order: which step, what it stores, and what it says. Pure: made by the worker, written by the script.
public struct StepRequest: Sendable {
    /// An event before the script has numbered and stamped it.
    struct Event: Sendable {
        let type: EventType
        /// Per cent; nil repeats the last.
        let progress: Int?
        /// `{dex}` stands for the venues on which a transaction is to be built.
        let message: String
        /// Members of the event that only this one has.
        var extra = ""
        var showsQuotes = false
    }

    /// The step.
    public let step: OrderStep
    var fields: [(name: String, value: String)] = []
    var events: [Event] = []
    var delay: UInt64 = 0
    var usesAttempt = false
    /// The state in which the worker has seen the order, where the step has several sources and not each will do; nil where it will.
    var seen: OrderState?
    /// Why the order fails with this step.
    var failure: FailureCode?

    /// The router begins: quotes are being fetched.
    public static let routeBegin = StepRequest(
        step: .routeBegin, events: [Event(type: .routing, progress: Progress.fetchingQuotes, message: EventMessage.fetchingQuotes)])

    /// The router is done: `quotes`, best first; `unavailable` venues had none, `reason` is why the route was chosen, which is the first quote
    /// where no other is given.
    public static func routeDone(
        _ quotes: [Quote], chosen: ChosenRoute? = nil, unavailable: [UnavailableVenue] = [], reason: String? = nil
    ) -> StepRequest {
        let chosen = chosen ?? ChosenRoute(quotes[0])
        let all = JSONWriter.members { $0.field("quotes", quotes) }
        let more = JSONWriter.members {
            $0.field("reason", ifPresent: reason)
            $0.field("unavailable", ifPresent: unavailable.isEmpty ? nil : unavailable)
        }
        let event = Event(
            type: .routing, progress: Progress.routed, message: EventMessage.received(quotes: quotes.count), extra: more, showsQuotes: true)
        return StepRequest(
            step: .routeDone, fields: [("route", chosen.members), ("quotes", all), ("dex", chosen.openVenues)], events: [event])
    }

    /// The executor begins on the route that was chosen.
    public static let buildBegin = StepRequest(
        step: .buildBegin,
        events: [Event(type: .building, progress: Progress.building, message: EventMessage.building(dex: "{dex}"), showsQuotes: true)])

    /// The executor is about to send what it has signed, one transaction for each open leg: all written down before the first send.
    public static func submit(_ transactions: [SignedTransaction], attempt: Int, maxAttempts: Int) -> StepRequest {
        StepRequest(
            step: .submit,
            fields: [("transactions", SignedTransaction.json(transactions)), ("txHash", transactions[0].signature)],
            events: [
                Event(type: .building, progress: Progress.built, message: EventMessage.built),
                Event(
                    type: .submitted, progress: Progress.submitted(attempt: attempt),
                    message: EventMessage.submitting(attempt: attempt, maxAttempts: maxAttempts)),
            ])
    }

    /// The swap has landed.
    public static func confirm(_ fill: Fill) -> StepRequest {
        StepRequest(
            step: .confirm,
            events: [
                Event(
                    type: .confirmed, progress: Progress.confirmed, message: EventMessage.confirmed, extra: JSONWriter.members { fill.write(to: &$0) }
                )
            ])
    }

    /// What follows a failure: another attempt after a wait, a fresh quote, or the end. Not written where the order is no longer as it was seen.
    ///
    /// - Parameters:
    ///   - state: the state whose work has failed: routing, building, or submitted, where the transaction's outcome is certain.
    ///   - delay: in ms, used where there is a wait.
    ///   - remark: what the sentence of the order's end has to add, of what has landed before.
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
                    message: EventMessage.retrying(delayMs: wait, nextAttempt: next, maxAttempts: maxAttempts), extra: pending),
            ], delay: wait, usesAttempt: !atOnce, seen: state)
    }

    /// The end of an order that failed for good; `tried` when an attempt was under way. Nil for any state.
    static func fail(_ failure: OrderFailure, in state: OrderState?, attempt: Int, tried: Bool) -> StepRequest {
        let extra = JSONWriter.members {
            $0.field("error", failure)
            $0.field("totalAttempts", attempt)
        }
        let last = Event(type: .failed, progress: Progress.none, message: failure.message, extra: extra)
        return StepRequest(
            step: .fail, events: tried ? [executionFailed(failure, retriesRemaining: 0), last] : [last], seen: state,
            failure: failure.code)
    }

    private static func executionFailed(_ failure: OrderFailure, retriesRemaining: Int) -> Event {
        Event(
            type: .executionFailed, progress: nil, message: failure.message,
            extra: JSONWriter.members {
                $0.field("error", failure)
                $0.field("transient", failure.retryable)
                $0.field("retriesRemaining", retriesRemaining)
            })
    }

    /// Adds a field to what the step stores.
    public func storing(_ name: String, _ value: String) -> StepRequest {
        var request = self
        request.fields.append((name, value))
        return request
    }

    /// Stores how far the legs of a split order are: from here on events show them so. The route of any other order stays as it is.
    public func updating(_ route: ChosenRoute) -> StepRequest {
        route.isSplit ? storing("route", route.members).storing("dex", route.openVenues) : self
    }

    /// Stores what of a split order has landed, for whatever ends the order before the rest has.
    public func storing(_ filled: PartialFill, of order: Order) -> StepRequest {
        let remark = JSONWriter.value(filled.remark(on: order)).dropFirst().dropLast()
        return storing("filled", JSONWriter.members { $0.field("filled", filled) }).storing("filledRemark", String(remark))
    }
}

/// What a swap came to.
public struct Fill: Sendable {
    /// Output per input in whole tokens, 12 significant digits.
    public let executedPrice: String
    /// Output in base units.
    public let amountOut: BaseUnits
    /// Output in whole tokens, exact.
    public let amountOutDecimal: String
    /// How much worse than quoted, in basis points; negative when better.
    public let realisedSlippageBps: Int
    /// What the network took, in lamports.
    public let networkFeeLamports: UInt64

    /// A fill.
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
