internal import Configuration
internal import EventLoop
internal import Observability
internal import Orders
internal import Pipeline
internal import ServiceKit

/// Moves an order from `routed` to its end. A transaction is written down before it is sent, and nothing new is signed while its outcome is open.
@ServiceActor
final class ExecutionHandler: OrderHandler {
    /// A quote may be too old that often; after that the slippage guard has to do.
    private static let mostStaleQuotes = 3
    /// The fee of one signature on Solana.
    private static let networkFeeLamports: UInt64 = 5000

    private let chain: any Chain
    private let settings: ExecutorSettings
    private let pipeline: OrderPipeline
    private let log: Logger
    private let observer: PipelineObserver
    private let attempts: MetricFamily<Counter>
    private let slippage: Histogram

    init(chain: any Chain, settings: ExecutorSettings, process: ServiceProcess) {
        self.chain = chain
        self.settings = settings
        pipeline = process.pipeline
        log = process.log
        observer = process.observer
        attempts = process.metrics.counters("order_attempts_total", help: "Attempts by how they ended.", by: ["outcome"])
        slippage = process.metrics.histogram(
            "realised_slippage_bps", help: "How much worse than quoted a swap was, in basis points.",
            bounds: [-50, -10, -5, -1, 0, 1, 5, 10, 50, 100, 500])
    }

    func handle(_ entry: WorkEntry) async {
        do throws(PipelineError) {
            guard case .work(let work) = try await pipeline.begin(entry) else { return }
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
            let count = String(work.staleQuotes + 1)
            _ = try await pipeline.step(after(OrderFailure(.quoteStale), in: .building, work).storing("stale", count), entry)
            return
        }
        let transaction = chain.sign(work.order, leg: 0, attempt: work.attempt, quote: route.quote, now: work.now)
        let request = StepRequest.submit([transaction], attempt: work.attempt, maxAttempts: work.order.maxAttempts)
        switch try await pipeline.step(request, entry) {
        case .written: try await follow([transaction], work, entry)
        case .again(let resumed): try await follow(resumed.transactions, resumed, entry)
        case .drop: return
        }
    }

    private func isStale(_ route: Route, _ work: Work) -> Bool {
        guard let limit = settings.quoteTTL, work.staleQuotes < Self.mostStaleQuotes, work.now > route.routedAt else { return false }
        return .milliseconds(work.now - route.routedAt) > limit
    }

    /// Follows what is submitted to its certain outcome, then takes the step that this outcome calls for.
    private func follow(_ transactions: [SignedTransaction], _ work: Work, _ entry: WorkEntry) async throws(PipelineError) {
        guard let transaction = transactions.first else {
            observer.failed(doing: "execute", error: PipelineError(.unexpectedReply, "order \(entry.orderID) is submitted without a transaction"))
            return
        }
        let outcome: TransactionOutcome
        do {
            outcome = try await chain.settle(transaction, order: work.order)
        } catch {
            // Cancelled: the claim was lost or the process stops. The next owner asks the chain.
            return
        }
        switch outcome {
        case .landed(let amountOut): try await confirm(transaction, amountOut, work, entry)
        case .expired: try await end(OrderFailure(.transactionExpired), in: .submitted, work, entry)
        case .failed(.slippageExceeded, let wouldBe):
            let failure = OrderFailure.slippage(
                expected: transaction.quote.amountOut, got: wouldBe, limit: transaction.leastOut, slippageBps: work.order.slippageBps)
            try await end(failure, in: .submitted, work, entry)
        case .failed(let code, _): try await end(OrderFailure(code), in: .submitted, work, entry)
        }
    }

    private func confirm(
        _ transaction: SignedTransaction, _ amountOut: BaseUnits, _ work: Work, _ entry: WorkEntry
    ) async throws(PipelineError) {
        let quote = transaction.quote
        let (input, output) = (work.order.tokenIn.decimals, work.order.tokenOut.decimals)
        let realised = Price.realisedSlippageBps(quoted: quote.amountOut, got: amountOut)
        let fill = Fill(
            executedPrice: Price.text(amountIn: quote.amountIn, amountOut: amountOut, inputDecimals: input, outputDecimals: output),
            amountOut: amountOut, amountOutDecimal: amountOut.decimalText(decimals: output), realisedSlippageBps: realised,
            networkFeeLamports: Self.networkFeeLamports)
        guard case .written = try await pipeline.step(.confirm(fill), entry) else { return }
        attempts.labelled("confirmed").increment()
        slippage.observe(Double(realised))
        log.order(.info, "order.confirmed", work.order, ["attempt": .integer(work.attempt), "dex": .string(quote.dex)])
    }

    /// Ends the attempt in the state that this worker has seen: another one, or the end of the order.
    private func end(_ failure: OrderFailure, in state: OrderState, _ work: Work, _ entry: WorkEntry) async throws(PipelineError) {
        guard case .written = try await pipeline.step(after(failure, in: state, work), entry) else { return }
        attempts.labelled(failure.code.rawValue.lowercased()).increment()
        log.order(
            .info, "order.attempt_failed", work.order,
            ["attempt": .integer(work.attempt), "code": .string(failure.code.rawValue), "reason": .string(failure.message)])
    }

    private func after(_ failure: OrderFailure, in state: OrderState, _ work: Work) -> StepRequest {
        .after(
            failure, in: state, attempt: work.attempt, maxAttempts: work.order.maxAttempts,
            delay: settings.retry.delay(afterAttempt: work.attempt, maxAttempts: work.order.maxAttempts))
    }
}
