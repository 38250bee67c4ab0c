import EventLoop
import Orders
import TestSupport

@testable import Pipeline

extension Situation {
    static let consumer = "worker"

    private var work: WorkEntry {
        // A delivery that is not the first as far as the process knows, so that the pipeline takes no usual step by itself.
        WorkEntry(
            stage: stage, partition: 0, entry: Grounds.entry(stage, number), orderID: order.id, round: round, consumer: Self.consumer, deliveries: 2,
            token: "token")
    }

    private var request: StepRequest {
        switch move {
        case nil: .routeBegin
        case .route: SampleLife.routeDone(life.route)
        case .submit: SampleLife.submit(order, attempt: life.attempt, life.route)
        case .confirm: SampleLife.confirm(order, life.route)
        }
    }

    /// What a call tells once for all moves.
    var kind: [String] { move == nil ? [] : request.fields.map(\.name) + request.events.map(\.type.rawValue) }

    /// Whether the step is asked for at all: a worker asks for a move only from the place of its entry.
    var isAskedFor: Bool { move == nil || OrderPlace(seen).map { $0.state == source && $0.entry == name } == true }

    /// Takes the step as a usual one. Returns the order's place after it; nil if it is not usual.
    @ServiceActor
    func takeUsually(_ pipeline: OrderPipeline) async throws -> String? {
        guard let move else {
            guard let begun = await pipeline.usual.begin(work) else { return nil }
            guard begun.order == order, begun.at == Grounds.now else { throw TestFailure("\(begun) is not the order that was begun") }
            return "routing 1 1 2 \(begun.at) \(name)"
        }
        let events = (move == .submit ? StepRequest.buildBegin.events : []) + request.events
        let compact = events.map { $0.compact(attempt: life.attempt, venues: life.route.openVenues) }
        guard let place = OrderPlace(seen) else { return nil }
        return await pipeline.usual.take(move, work, from: place, setting: request.fields, compact)?.place
    }

    /// Takes the same step carefully. Throws if it cannot be taken.
    @ServiceActor
    func takeCarefully(_ pipeline: OrderPipeline) async throws {
        if move == nil || move == .submit {
            let outcome = try await pipeline.begin(work)
            guard case .work(let begun) = outcome, !begun.isResumed else { throw TestFailure("a usual begin is answered by \(outcome): \(self)") }
        }
        guard move != nil else { return }
        let outcome = try await pipeline.step(request, work)
        guard case .written = outcome else { throw TestFailure("a usual step is answered by \(outcome): \(self)") }
    }
}
