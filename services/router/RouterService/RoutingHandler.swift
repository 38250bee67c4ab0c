internal import Configuration
internal import EventLoop
internal import Markets
internal import Marks
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
    private let marks: any MarkSource
    private let pipeline: OrderPipeline
    private let retry: RetrySettings
    private let log: Logger
    private let observer: PipelineObserver

    init(desk: QuoteDesk, marks: any MarkSource, pipeline: OrderPipeline, retry: RetrySettings, log: Logger, observer: PipelineObserver) {
        self.desk = desk
        self.marks = marks
        self.pipeline = pipeline
        self.retry = retry
        self.log = log
        self.observer = observer
    }

    func handle(_ entry: WorkEntry) async {
        do throws(PipelineError) {
            guard case .work(let work) = try await pipeline.begin(entry) else { return }
            let round = await ask(for: work)
            guard !Task.isCancelled else { return }
            _ = try await pipeline.step(await next(round, work), entry)
        } catch {
            observer.failed(doing: "route", error: error)
        }
    }

    /// The offers of the venues. Without Redis the mock pools cannot be read and no step can be written. That is not a failure of the venues, so it
    /// asks them again once Redis is back, until the claim is lost.
    private func ask(for work: Work) async -> QuoteRound {
        let order = work.order
        let request = QuoteRequest(
            tokenIn: order.tokenIn, tokenOut: order.tokenOut,
            // Only the part of a split order that has not landed is routed again.
            amountIn: work.route?.chosen.amountToQuote(of: order) ?? order.amountIn, slippageBps: order.slippageBps, partition: order.id.partition,
            floorOfPart: order.mayFillInPart ? order.floor : nil)
        while true {
            let round = await desk.ask(request)
            guard round.choice(for: order) == nil, !pipeline.isConnected, await pipeline.isConnected(within: Self.patience) else { return round }
        }
    }

    private func next(_ round: QuoteRound, _ work: Work) async -> StepRequest {
        let order = work.order
        let before = work.route?.chosen
        if let choice = round.choice(for: order) {
            log.order(.debug, "order.routed", order, ["reason": .string(choice.reason)])
            let chosen = ChosenRoute(choice.quotes, of: order, after: before)
            return .routeDone(round.offers?.quotes ?? [chosen.quote], chosen: chosen, unavailable: round.unavailable, reason: choice.reason)
        }
        let failure = round.choice == nil ? round.failure : OrderFailure(.limitNotMet)
        log.order(.info, "order.not_routed", order, ["code": .string(failure.code.rawValue)])
        if order.mayRest, failure.code != .noRoute, let trigger = await resting(round, order) {
            return .rest(
                order, for: trigger, in: .routing, got: round.offers?.best.amountOut, delay: RestDelay.milliseconds(after: work.rests))
        }
        return .after(
            failure, in: .routing, attempt: work.attempt, maxAttempts: order.maxAttempts, delay: retry.delay(afterAttempt: work.attempt),
            remark: before?.filled(of: order)?.remark(on: order))
    }

    /// What an order waits for whose limit was not met.
    private func resting(_ round: QuoteRound, _ order: Order) async -> Trigger? {
        // Without the offers of all venues nobody knows what its size would bring.
        let isWhole = round.unavailable.allSatisfy { [.noRoute, .insufficientLiquidity].contains($0.failure.code) }
        guard isWhole, let direction = PriceDirection(order), let best = round.offers?.best else { return order.resting(mark: nil, own: nil) }
        let mark = await marks.marks([.price(direction)], partition: order.id.partition)[.price(direction)]
        let own = PriceLevel(
            amountIn: best.amountIn, amountOut: best.amountOut, inputDecimals: order.tokenIn.decimals, outputDecimals: order.tokenOut.decimals,
            of: direction.priced)
        return order.resting(mark: mark?.price, own: own)
    }
}
