internal import Configuration
internal import EventLoop
internal import Markets
internal import Observability
internal import Orders
internal import Pipeline
internal import ServiceKit
internal import Venues

/// Moves an order from `accepted` to `routed`: quotes, the best of them, or what follows when there is none.
@ServiceActor
final class RoutingHandler: OrderHandler {
    private let desk: QuoteDesk
    private let pipeline: OrderPipeline
    private let retry: RetrySettings
    private let log: Logger
    private let observer: PipelineObserver

    init(desk: QuoteDesk, pipeline: OrderPipeline, retry: RetrySettings, log: Logger, observer: PipelineObserver) {
        self.desk = desk
        self.pipeline = pipeline
        self.retry = retry
        self.log = log
        self.observer = observer
    }

    func handle(_ entry: WorkEntry) async {
        do throws(PipelineError) {
            guard case .work(let work) = try await pipeline.begin(entry) else { return }
            let round = await desk.ask(
                QuoteRequest(
                    tokenIn: work.order.tokenIn, tokenOut: work.order.tokenOut,
                    // What has landed of a split order stays.
                    amountIn: work.route?.chosen.openAmount(of: work.order) ?? work.order.amountIn, slippageBps: work.order.slippageBps,
                    partition: work.order.id.partition))
            guard !Task.isCancelled else { return }
            _ = try await pipeline.step(next(round, work), entry)
        } catch {
            observer.failed(doing: "route", error: error)
        }
    }

    private func next(_ round: QuoteRound, _ work: Work) -> StepRequest {
        let before = work.route?.chosen
        if let choice = round.choice {
            log.order(.debug, "order.routed", work.order, ["reason": .string(choice.reason)])
            let chosen = ChosenRoute(choice.quotes, of: work.order, after: before)
            return .routeDone(
                round.offers?.quotes ?? [chosen.quote], chosen: chosen, unavailable: round.unavailable, reason: choice.reason)
        }
        let failure = round.failure
        log.order(.info, "order.not_routed", work.order, ["code": .string(failure.code.rawValue)])
        return .after(
            failure, in: .routing, attempt: work.attempt, maxAttempts: work.order.maxAttempts,
            delay: retry.delay(afterAttempt: work.attempt, maxAttempts: work.order.maxAttempts),
            remark: before?.filled(of: work.order)?.remark(on: work.order))
    }
}
