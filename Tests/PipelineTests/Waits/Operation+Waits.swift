import EventLoop
import Orders
import TestOrders
import TestSupport
import Testing

@testable import Pipeline

extension Operation {
    private static func mark(_ price: String, _ pipeline: OrderPipeline) async throws -> Mark { Mark(.of(price), at: try await pipeline.time()) }

    private static func fire(_ kind: WaitSet.Kind, at price: String, oneByOne: Bool, _ pipeline: OrderPipeline, _ keys: Keys) async throws {
        let set = WaitSet(Samples.direction, kind)
        let mark = try await mark(price, pipeline)
        _ = try await pipeline.fire(set, upTo: set.key(of: mark.price), mark, "m", maxAge: 60_000, oneByOne: oneByOne, in: keys)
    }

    /// A pair of which the first order was fired and is under way.
    private static func pair(_ bench: Bench, to state: OrderState) async throws -> (Order, WorkEntry) {
        let (profit, stop) = Samples.pair()
        try await bench.hold(profit, stop)
        try await bench.fire(.above, at: "200")
        return (profit, try await bench.work(profit, to: state))
    }

    /// What scripts do to orders that wait for a price.
    nonisolated static let waits = [
        Operation("accept a pair that waits") { bench in
            let (one, other) = (Samples.id(), Samples.id())
            let new = [
                Samples.waiting(.takeProfit, at: "200", id: one, key: "k", user: "u", oco: other),
                Samples.waiting(.stop, at: "150", id: other, key: "k", user: "u", oco: one),
            ].map { NewOrder($0, waiting: $0.waiting(at: nil)) }
            return { _ = try await $0.accept(new, idempotencyTTL: 60_000, before: .max / 1000, timeout: .seconds(5)) }
        },
        Operation("fire many") { bench in
            for _ in 0..<3 { try await bench.hold(Samples.waiting(user: "u")) }
            return { try await fire(.above, at: "200", oneByOne: false, $0, bench.keys) }
        },
        Operation("fire one of a pair") { bench in
            let (profit, stop) = Samples.pair()
            try await bench.hold(profit, stop)
            return { try await fire(.above, at: "200", oneByOne: true, $0, bench.keys) }
        },
        Operation("rest") { bench in
            let (order, entry) = try await pair(bench, to: .submitted)
            return { _ = try await $0.step(.rest(order, for: Trigger(.above, .of("201")), in: .submitted, got: nil, delay: 60_000), entry) }
        },
        Operation("confirm one of a pair") { bench in
            let (_, entry) = try await pair(bench, to: .submitted)
            return { _ = try await $0.step(.confirm(Samples.fill), entry) }
        },
        Operation("fail one of a pair") { bench in
            let (_, entry) = try await pair(bench, to: .building)
            return { _ = try await $0.step(.fail(OrderFailure(.internal), in: .building, attempt: 1, tried: true), entry) }
        },
        Operation("confirm with what follows") { bench in
            let (profit, stop) = Samples.pair()
            let order = Samples.waiting(at: "170", user: "u", then: [profit, stop])
            try await bench.hold(order)
            try await bench.fire(.above, at: "170")
            let entry = try await bench.work(order, to: .submitted)
            let next = [profit, stop].map { NewOrder($0, waiting: $0.waiting(at: nil)) }
            return { _ = try await $0.step(StepRequest.confirm(Samples.fill).placing(next), entry) }
        },
        Operation("cancel a pair") { bench in
            let (profit, stop) = Samples.pair()
            try await bench.hold(profit, stop)
            return { _ = try await $0.cancel(stop.id) }
        },
        Operation("expire") { bench in
            try await bench.hold(Samples.waiting(user: "u", expiresAt: 1000))
            return { _ = try await $0.sweep(bench.keys) }
        },
        Operation("promote to its place") { bench in
            let order = Samples.waiting(at: "170")
            try await bench.hold(order)
            try await bench.fire(.above, at: "170")
            try await bench.rest(order, in: .routing, try await bench.work(order, to: .routing))
            return { _ = try await $0.promote(bench.keys) }
        },
        Operation("amend") { bench in
            var order = Samples.waiting()
            try await bench.hold(order)
            let spot = try await bench.pipeline.spots(of: [order.id])[0]
            order.terms?.limitPrice = .of("190")
            let (amended, waiting) = (order, try #require(order.waiting(at: nil)))
            return { _ = try await $0.amend(amended, to: waiting, seen: 1, spot, "m") }
        },
        Operation("trail") { bench in
            let order = Samples.waiting(.trailingStop, trailingBps: 200)
            try await bench.hold(order, mark: "100")
            let members = try await bench.trailing(to: "110")
            return { _ = try await $0.trail(members, of: WaitSet(Samples.direction, .peak), in: bench.keys) }
        },
    ]
}
