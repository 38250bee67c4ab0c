internal import Configuration
internal import EventLoop
internal import Observability
internal import Orders
internal import Pipeline
internal import ServiceKit
internal import Venues

/// Moves an order from `routed` to its end. A transaction is stored before it is sent, and no new one is signed while its outcome is open.
@ServiceActor
final class ExecutionHandler: OrderHandler {
    /// How often a quote may be too old. After that the order goes on with an old quote, and only the guard protects it.
    private static let maxStaleQuotes = 3

    private let chain: any Chain
    private let settings: ExecutorSettings
    private let pipeline: OrderPipeline
    private let log: Logger
    private let counted: CountedLines
    private let observer: PipelineObserver
    private let attempts: MetricFamily<Counter>
    private let slippage: Histogram

    init(chain: any Chain, settings: ExecutorSettings, process: ServiceProcess) {
        self.chain = chain
        self.settings = settings
        pipeline = process.pipeline
        log = process.log
        counted = process.counted
        observer = process.observer
        attempts = process.metrics.counters("order_attempts_total", help: "Attempts by how they ended.", by: ["outcome"])
        slippage = process.metrics.histogram(
            "realised_slippage_bps", help: "How much worse than quoted a swap was, in basis points.",
            bounds: [-50, -10, -5, -1, 0, 1, 5, 10, 50, 100, 500])
    }

    func handle(_ entry: WorkEntry) async {
        do throws(PipelineError) {
            guard case .work(let work) = try await pipeline.begin(entry, withNextStep: chain.signsAtOnce) else { return }
            if work.state == .submitted {
                try await follow(work.transactions, work, entry)
            } else {
                try await build(work, entry)
            }
        } catch {
            observer.failed(doing: "execute", error: error)
        }
    }

    private func build(_ work: Work, _ entry: WorkEntry) async throws(PipelineError) {
        guard let route = work.route else {
            try await end(OrderFailure(.internal), in: .building, work, entry)
            return
        }
        if isStale(route, work) {
            _ = try await pipeline.step(after(OrderFailure(.quoteStale), in: .building, work), entry)
            return
        }
        let transactions: [SignedTransaction]
        do {
            transactions = try await sign(route.chosen.open, work)
        } catch let failure as OrderFailure {
            try await end(failure, in: .building, work, entry)
            return
        } catch {
            // The task was cancelled: the claim was lost or the process stops. The next owner signs anew.
            return
        }
        let sent = Dictionary(zip(route.chosen.open, transactions).map { ($0.number, $0.submitted($1.signature)) }) { first, _ in first }
        let request = StepRequest.submit(transactions, attempt: work.attempt, maxAttempts: work.order.maxAttempts)
            .updating(route.chosen.changing(sent))
        switch try await pipeline.step(request, entry) {
        case .written: try await follow(transactions, work, entry)
        case .again(let resumed): try await follow(resumed.transactions, resumed, entry)
        case .drop: return
        }
    }

    private func sign(_ legs: [OrderLeg], _ work: Work) async throws -> [SignedTransaction] {
        var signed: [SignedTransaction] = []
        for leg in legs {
            signed.append(
                try await chain.sign(
                    work.order, leg: leg.number, attempt: work.attempt, rests: work.rests, quote: leg.quote, now: work.now))
        }
        return signed
    }

    private func isStale(_ route: StoredRoute, _ work: Work) -> Bool {
        guard let limit = settings.quoteTTL, work.staleQuotes < Self.maxStaleQuotes, work.now > route.routedAt else { return false }
        return .milliseconds(work.now - route.routedAt) > limit
    }

    /// Follows submitted transactions to their certain outcome, then takes the step that this outcome calls for. The order leaves its place: the next
    /// one can be built meanwhile.
    private func follow(_ transactions: [SignedTransaction], _ work: Work, _ entry: WorkEntry) async throws(PipelineError) {
        entry.place.leave()
        guard !transactions.isEmpty, let route = work.route?.chosen else {
            observer.failed(doing: "execute", error: PipelineError(.unexpectedReply, "order \(entry.orderID) is submitted without a transaction"))
            return
        }
        // Nothing is sent of which a replica that takes over would not know. What the master has lost is taken up by whoever gets the entry again.
        guard try await pipeline.awaitReplicas(of: entry.orderID, in: .submitted, round: entry.round) else { return }
        let settlement: Settlement
        do {
            settlement = Settlement(route, try await settle(transactions, work.order), of: work.order)
        } catch {
            // The task was cancelled: the claim was lost or the process stops. The next owner asks the chain.
            return
        }
        if let failure = settlement.failure {
            try await end(failure, in: .submitted, work, entry, settled: settlement.route)
        } else if settlement.route.openAmount(of: work.order).value > 0 {
            // Every leg of the part has landed. The rest of the order is not tried again.
            try await end(OrderFailure(.limitNotMet), in: .submitted, work, entry, settled: settlement.route)
        } else {
            try await confirm(settlement.route, work, entry)
        }
    }

    /// All transactions with their outcomes. A split order goes on once the outcome of its last transaction is certain.
    private func settle(_ transactions: [SignedTransaction], _ order: Order) async throws -> [(SignedTransaction, TransactionOutcome)] {
        if transactions.count == 1 { return [(transactions[0], try await chain.settle(transactions[0], order: order))] }
        return try await withThrowingTaskGroup(of: (SignedTransaction, TransactionOutcome).self) { group in
            for transaction in transactions { group.addTask { (transaction, try await self.chain.settle(transaction, order: order)) } }
            var outcomes: [(SignedTransaction, TransactionOutcome)] = []
            for try await outcome in group { outcomes.append(outcome) }
            return outcomes
        }
    }

    /// The orders that follow a filled one. Its fill is the price of the moment for those that trail.
    ///
    /// One that should wait, and for which no place can be found, is not placed: at the market it would be another order than its owner wanted.
    private func following(_ filled: PartialFill, of order: Order) -> [NewOrder] {
        order.then.compactMap { next in
            var next = next
            if next.amountIn.value == 0 { next.amountIn = filled.amountOut }
            let mark = next.terms.flatMap { terms in
                PriceLevel(
                    amountIn: filled.amountOut, amountOut: filled.amountIn, inputDecimals: order.tokenOut.decimals,
                    outputDecimals: order.tokenIn.decimals, of: terms.priced)
            }
            let waiting = next.waiting(at: mark)
            guard waiting != nil || next.beginsAtOnce else {
                log.order(.error, "order.follower_not_placed", order, ["followerId": .string(next.id.description)])
                return nil
            }
            return NewOrder(next, waiting: waiting)
        }
    }

    private func confirm(_ route: ChosenRoute, _ work: Work, _ entry: WorkEntry) async throws(PipelineError) {
        guard let filled = route.filled(of: work.order) else { return }
        let realised = Price.realisedSlippageBps(quoted: route.quote.amountOut, got: filled.amountOut)
        let fill = Fill(
            executedPrice: Price.text(
                amountIn: filled.amountIn, amountOut: filled.amountOut, inputDecimals: work.order.tokenIn.decimals,
                outputDecimals: work.order.tokenOut.decimals),
            amountOut: filled.amountOut, amountOutDecimal: filled.amountOutDecimal, realisedSlippageBps: realised,
            networkFeeLamports: chain.networkFeeLamports * UInt64(route.legs.count))
        let request = StepRequest.confirm(fill).updating(route).placing(following(filled, of: work.order))
        guard case .written = try await pipeline.step(request, entry) else { return }
        attempts.labelled("confirmed").increment()
        slippage.observe(Double(realised))
        counted.count("orders.confirmed")
        log.order(.debug, "order.confirmed", work.order, ["attempt": .integer(work.attempt), "dex": .string(route.quote.dex)])
    }

    /// Ends the attempt in the state that this worker has seen: with another attempt, or with the end of the order.
    private func end(
        _ failure: OrderFailure, in state: OrderState, _ work: Work, _ entry: WorkEntry, settled route: ChosenRoute? = nil
    ) async throws(PipelineError) {
        guard case .written = try await pipeline.step(after(failure, in: state, work, settled: route), entry) else { return }
        attempts.labelled(failure.code.rawValue.lowercased()).increment()
        log.order(
            .info, "order.attempt_failed", work.order,
            ["attempt": .integer(work.attempt), "code": .string(failure.code.rawValue), "reason": .string(failure.message)])
    }

    private func after(_ failure: OrderFailure, in state: OrderState, _ work: Work, settled route: ChosenRoute? = nil) -> StepRequest {
        let filled = (route ?? work.route?.chosen)?.filled(of: work.order)
        var request = next(failure, in: state, work, remark: filled?.remark(on: work.order))
        if let route { request = request.updating(route) }
        if let filled { request = request.storing(filled, of: work.order) }
        return request
    }

    /// The step after a failure. An order with a limit price that needs fresh quotes waits for its price again, or has had its one round of quotes.
    private func next(_ failure: OrderFailure, in state: OrderState, _ work: Work, remark: String?) -> StepRequest {
        let order = work.order
        if failure.code.followUp == .freshQuote {
            if order.mayRest, let trigger = order.resting(mark: nil, own: nil) {
                return .rest(order, for: trigger, in: state, got: failure.amounts?.got, delay: RestDelay.milliseconds(after: work.rests))
            }
            if order.terms?.timeInForce.isImmediate == true {
                return .after(OrderFailure(.limitNotMet), in: state, attempt: work.attempt, maxAttempts: order.maxAttempts, delay: 0, remark: remark)
            }
        }
        return .after(
            failure, in: state, attempt: work.attempt, maxAttempts: order.maxAttempts, delay: settings.retry.delay(afterAttempt: work.attempt),
            remark: remark)
    }
}
