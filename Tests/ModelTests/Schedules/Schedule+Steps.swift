import Orders

@testable import Pipeline

/// Steps as a pipeline takes them: as usual ones where they are usual, else carefully.
extension Schedule {
    /// Begins. With `later` the first step may be left to the next one.
    func begin(_ delivery: Delivery) async throws {
        let before = model
        let later = Bool.random(using: &random)
        let outcome = try await database.pipeline.begin(delivery.work, withNextStep: later)
        let found =
            switch outcome {
            case .work(let work): work.isResumed ? "again" : "ok"
            case .drop(let reason): reason.rawValue
            }
        let answer = (later ? beginLater(delivery) : beginUsually(delivery)) ?? beginCarefully(delivery)
        try await check("begin\(later ? " later" : "")", delivery, found, answer, before)
    }

    func step(_ delivery: Delivery, _ request: StepRequest) async throws {
        let before = model
        let outcome = try await database.pipeline.step(request, delivery.work)
        let found =
            switch outcome {
            case .written: "ok"
            case .again: "again"
            case .drop(let reason): reason.rawValue
            }
        let seen = request.seen.map { " in \($0)" } ?? ""
        try await check("\(request.step)\(seen)", delivery, found, expect(request, delivery), before)
    }

    private func check(_ what: String, _ delivery: Delivery, _ found: String, _ answer: Answer, _ before: OrderModel) async throws {
        try check("\(what) of delivery \(delivery.token)", found, "\(answer.outcome)")
        try await follow(from: before)
    }

    // MARK: The model

    private func command(_ step: OrderStep, _ delivery: Delivery, _ request: StepRequest? = nil, isUsual: Bool = false) -> Command {
        Command(
            step: step, seen: request?.seen, slot: delivery.slot, consumer: delivery.consumer, token: delivery.token, transaction: 1,
            usesAttempt: request?.usesAttempt ?? true, isUsual: isUsual)
    }

    private func perform(_ command: Command) -> Answer {
        let answer = model.perform(command, maxStarts: UInt8(Self.maxStarts))
        say(answer)
        return answer
    }

    private func update(_ delivery: Delivery, _ change: (inout Delivery) -> Void) {
        guard let index = deliveries.firstIndex(where: { $0.token == delivery.token }) else { return }
        change(&deliveries[index])
    }

    /// The router begins an order of which nothing is known.
    private func beginUsually(_ delivery: Delivery) -> Answer? {
        guard delivery.work.stage == .router, delivery.work.deliveries == 1 else { return nil }
        let answer = model.performUsually(command(.routeBegin, delivery, isUsual: true), isSeen: false)
        guard answer.outcome == .ok else { return nil }
        say(answer)
        update(delivery) { $0.known = place }
        return answer
    }

    /// The executor reads the order, and writes nothing.
    private func beginLater(_ delivery: Delivery) -> Answer? {
        guard delivery.work.stage == .executor, delivery.work.deliveries == 1, delivery.slot != OrderModel.gone, !model.isGone,
            model.state == .routed, model.named == delivery.slot
        else { return nil }
        update(delivery) { ($0.known, $0.isBegun) = (place, false) }
        return Answer(.ok)
    }

    private func beginCarefully(_ delivery: Delivery) -> Answer {
        update(delivery) { $0.isBegun = true }
        return perform(command(delivery.work.stage == .router ? .routeBegin : .buildBegin, delivery))
    }

    private func expect(_ request: StepRequest, _ delivery: Delivery) -> Answer {
        if let answer = expectUsually(request, delivery) { return answer }
        if !delivery.isBegun {
            let begun = beginCarefully(delivery)
            guard begun.outcome == .ok || begun.outcome == .again else { return begun }
            if model.state == .submitted { return Answer(.again) }
        }
        return perform(command(request.step, delivery, request))
    }

    private func expectUsually(_ request: StepRequest, _ delivery: Delivery) -> Answer? {
        guard let known = delivery.known, [.routeDone, .submit, .confirm].contains(request.step), (request.step == .submit) != delivery.isBegun else {
            return nil
        }
        update(delivery) { $0.known = nil }
        let answer = model.performUsually(command(request.step, delivery, request, isUsual: true), isSeen: known == place)
        guard answer.outcome == .ok else { return nil }
        say(answer)
        // The router's entry is finished, so that it knows no place that is of use.
        if request.step == .submit { update(delivery) { ($0.known, $0.isBegun) = (place, true) } }
        return answer
    }
}
