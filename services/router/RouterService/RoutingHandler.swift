internal import Configuration
internal import EventLoop
internal import Markets
internal import Observability
internal import Orders
internal import Pipeline
internal import ServiceKit
internal import Venues

/// Moves an order from `accepted` to `routed`: asks for quotes and takes the best, or takes the step that follows if there is none.
@ServiceActor
final class RoutingHandler: OrderHandler {
    /// The longest wait for Redis. The next step needs Redis, too.
    private static let patience = Duration.seconds(60)

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
            let round = await ask(
                QuoteRequest(
                    tokenIn: work.order.tokenIn, tokenOut: work.order.tokenOut,
                    // Only the part of a split order that has not landed is routed again.
                    amountIn: work.route?.chosen.openAmount(of: work.order) ?? work.order.amountIn, slippageBps: work.order.slippageBps,
                    partition: work.order.id.partition))
            guard !Task.isCancelled else { return }
            _ = try await pipeline.step(next(round, work), entry)
        } catch {
            observer.failed(doing: "route", error: error)
        }
    }

    /// The offers of the venues. Without Redis the mock pools cannot be read and no step can be written. That is not a failure of the venues, so it
    /// asks them again once Redis is back, until the claim is lost.
    private func ask(_ request: QuoteRequest) async -> QuoteRound {
        while true {
            let round = await desk.ask(request)
            guard round.choice == nil, !pipeline.isConnected, await pipeline.isConnected(within: Self.patience) else { return round }
        }
    }

    private func next(_ round: QuoteRound, _ work: Work) -> StepRequest {
        let before = work.route?.chosen
        if let choice = round.choice {
            log.order(.debug, "order.routed", work.order, ["reason": .string(choice.reason)])
            let chosen = ChosenRoute(choice.quotes, of: work.order, after: before)
            return .routeDone(round.offers?.quotes ?? [chosen.quote], chosen: chosen, unavailable: round.unavailable, reason: choice.reason)
        }
        let failure = round.failure
        log.order(.info, "order.not_routed", work.order, ["code": .string(failure.code.rawValue)])
        return .after(
            failure, in: .routing, attempt: work.attempt, maxAttempts: work.order.maxAttempts,
            delay: retry.delay(afterAttempt: work.attempt),
            remark: before?.filled(of: work.order)?.remark(on: work.order))
    }
}
