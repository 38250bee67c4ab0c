import EventLoop
import Orders
import TestSupport

@testable import Pipeline

extension Schedule {
    // MARK: Deliveries

    /// Reads the oldest entry of a stage that no consumer has read.
    func read() async throws {
        guard let stage = Stage.allCases.shuffled(using: &random).first(where: { unread[$0]?.isEmpty == false }),
            let slot = unread[stage]?.removeFirst()
        else { return }
        let (consumer, token) = (consumer(), newToken())
        let work = try await database.take(stage, as: name(consumer), token: token)
        note("\(stage) \(name(consumer)) reads slot \(slot), delivery \(token)")
        let post = model.entries[Int(slot)].post
        guard work.orderID == order.id, work.entry == ids[Int(slot)], work.round == post.round else { throw TestFailure("read \(work) instead") }
        model.entries[Int(slot)].owner = consumer
        model.entries[Int(slot)].deliveries = 1
        deliveries.append(Delivery(work: work, slot: slot, consumer: consumer, token: token))
    }

    /// Lets another consumer, or the same one again, take an entry over. The old consumer believes that it still has the entry.
    func claim() async throws {
        guard let old = deliveries.filter({ $0.slot != OrderModel.gone }).randomElement(using: &random) else { return }
        try await claim(old, as: consumer())
    }

    @discardableResult
    func claim(_ old: Delivery, as consumer: UInt8) async throws -> Delivery {
        let token = newToken()
        try await database.send("XCLAIM", database.keys.source(of: old.work.stage), old.work.stage.group, name(consumer), "0", old.work.entry)
        note("\(old.work.stage) \(name(consumer)) claims slot \(old.slot), delivery \(token)")
        model.entries[Int(old.slot)].owner = consumer
        model.entries[Int(old.slot)].deliveries += 1
        handedBack.remove(old.slot)
        let work = WorkEntry(
            stage: old.work.stage, partition: 0, entry: old.work.entry, orderID: order.id, round: old.work.round, consumer: name(consumer),
            deliveries: Int(model.entries[Int(old.slot)].deliveries), token: String(token))
        deliveries.append(Delivery(work: work, slot: old.slot, consumer: consumer, token: token))
        return deliveries.last!
    }

    /// Adds an entry for the order under another id, mostly of this round.
    func inject() async throws {
        let before = model
        let stage = Stage.allCases.randomElement(using: &random)!
        let round = max(1, Int(model.round) + [-1, 0, 0, 0, 1].randomElement(using: &random)!)
        guard model.add(Post(stage, round: round)) != nil else { return }
        note("an entry for the \(stage) in round \(round)")
        try await database.send("XADD", database.keys.source(of: stage), "*", "id", order.id.description, "round", String(round))
        try await follow(from: before)
    }

    // MARK: Requests

    /// What a worker of a stage may ask for, whatever state it has seen.
    func requests(_ stage: Stage) -> [StepRequest] {
        let attempt = Int(model.attempt)
        func failure(_ code: FailureCode, _ state: OrderState) -> StepRequest {
            .after(OrderFailure(code), in: state, attempt: attempt, maxAttempts: order.maxAttempts, delay: 0)
        }
        guard stage == .executor else {
            let routed = StepRequest.routeDone([SampleOrder.quote])
            return [routed, routed, failure(.venueUnavailable, .routing), failure(.noRoute, .routing)]
        }
        let submit = StepRequest.submit([SampleOrder.transaction(order, attempt: attempt)], attempt: attempt, maxAttempts: order.maxAttempts)
        return [
            submit, submit, submit, .confirm(SampleOrder.fill), failure(.network, .submitted), failure(.slippageExceeded, .submitted),
            failure(.quoteStale, .building), failure(.network, .building), failure(.internal, .building),
        ]
    }

    func giveUp(_ delivery: Delivery) async throws {
        let before = model, work = delivery.work, keys = database.keys
        let reply = try await database.run(
            Scripts.bury, [keys.source(of: work.stage), keys.dead, keys.events, keys.deadlines, keys.leaving, keys.order(order.id)],
            [work.stage.stream, work.stage.group, work.consumer, work.entry, "POISONED", order.id.description, "1", "600000"])
        var expected = "stale"
        if delivery.slot != OrderModel.gone {
            expected = "fenced"
            if model.entries[Int(delivery.slot)].owner == delivery.consumer {
                let answer = model.giveUp(delivery.slot)
                if let answer { say(answer) }
                expected = answer == nil ? "counted" : "ok"
            }
        }
        try check("bury of delivery \(delivery.token)", reply.first ?? "", expected)
        try await follow(from: before)
    }

    /// Hands a delivery back, as SIGTERM does.
    func release(_ delivery: Delivery) async throws {
        let work = delivery.work
        _ = try await database.pipeline.run(
            Scripts.release, keys: [database.keys.source(of: work.stage)],
            [work.stage.group, work.consumer, database.keys.orderPrefix, "-", "+", "250", work.entry, order.id.description, work.token])
        note("delivery \(delivery.token) is handed back")
        let owns = delivery.slot != OrderModel.gone && model.entries[Int(delivery.slot)].owner == delivery.consumer
        if owns, !model.isGone, model.startsPost.stage == work.stage { model.release(delivery.token) }
        // The consumer hands back all that it has in hand.
        for slot in 0..<UInt8(OrderModel.slots) where model.entries[Int(slot)].owner == delivery.consumer && !handedBack.contains(slot) {
            let entry = model.entries[Int(slot)]
            guard !entry.post.isNone, entry.post.stage == work.stage else { continue }
            model.entries[Int(slot)].deliveries = max(1, entry.deliveries) - 1
            handedBack.insert(slot)
        }
    }
}
