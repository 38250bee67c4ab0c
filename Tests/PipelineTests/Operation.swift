import EventLoop
import Orders
import Redis
import TestOrders
import TestSupport

@testable import PaperMarket
@testable import Pipeline

/// Something that a script does to orders. It is prepared on a bench and then done by the given pipeline.
@ServiceActor
struct Operation {
    typealias Act = @ServiceActor (OrderPipeline) async throws -> Void

    nonisolated let name: String
    nonisolated let prepare: @ServiceActor (Bench) async throws -> Act

    nonisolated init(_ name: String, _ prepare: @escaping @ServiceActor (Bench) async throws -> Act) {
        self.name = name
        self.prepare = prepare
    }

    /// An order that uses everything that an order may have.
    private static func order() -> Order { Samples.order(key: "k", user: "u", deadline: 9_000_000_000_000) }

    /// A step whose entry is in hand.
    private nonisolated static func step(_ name: String, from state: OrderState, _ request: @escaping @ServiceActor (Order) -> StepRequest)
        -> Operation
    {
        Operation(name) { bench in
            let (order, entry) = try await bench.reach(state, order())
            return { _ = try await $0.step(request(order), entry) }
        }
    }

    private nonisolated static func begin(_ name: String, from state: OrderState) -> Operation {
        Operation(name) { bench in
            let (_, entry) = try await bench.reach(state, order())
            return { _ = try await $0.begin(entry) }
        }
    }

    nonisolated static let all: [Operation] = steps + ends + upkeep + letters + chain + waits

    private nonisolated static let steps = [
        Operation("accept") { _ in
            let order = order()
            return { _ = try await $0.accept([NewOrder(order)], idempotencyTTL: 60_000, before: .max / 1000, timeout: .seconds(5)) }
        },
        begin("routeBegin", from: .pending),
        step("routeDone", from: .routing) { _ in .routeDone([Samples.meteora]) },
        step("routeRetry", from: .routing) { _ in Samples.failure(.venueUnavailable, stage: .router) },
        begin("buildBegin", from: .routed),
        step("submit", from: .building) { Samples.submit($0) },
        step("confirm", from: .submitted) { _ in .confirm(Samples.fill) },
        step("retry", from: .submitted) { _ in Samples.failure(.network) },
        step("fail", from: .routing) { _ in Samples.failure(.noRoute, stage: .router) },
    ]

    private nonisolated static let ends = [
        Operation("cancel") { bench in
            let order = try await bench.place(order())
            return { _ = try await $0.cancel(order.id) }
        },
        Operation("duplicate") { bench in
            let (order, entry) = try await bench.reach(.pending, order())
            _ = try await bench.pipeline.cancel(order.id)
            try await bench.storeEvents()
            return { _ = try await $0.begin(entry) }
        },
        Operation("deadline of a step") { bench in
            let (order, entry) = try await bench.reach(.building, order())
            try await bench.send("HSET", bench.keys.order(order.id), "x", "1000")
            return { _ = try await $0.step(Samples.submit(order), entry) }
        },
        Operation("poison") { bench in
            let (_, entry) = try await bench.reach(.routed, order())
            for _ in 0..<5 { try await bench.begin(entry.held()) }
            return { _ = try await $0.begin(entry.held()) }
        },
    ]

    private nonisolated static let upkeep = [
        Operation("sweep") { bench in
            let (order, _) = try await bench.reach(.routing, order())
            try await bench.send("ZADD", bench.keys.deadlines, "1000", order.id.description)
            return { _ = try await $0.sweep(bench.keys) }
        },
        Operation("promote") { bench in
            _ = try await bench.reach(.waiting, order())
            return { _ = try await $0.promote(bench.keys) }
        },
        Operation("promote of an order that is over") { bench in
            let (order, _) = try await bench.reach(.waiting, order())
            _ = try await bench.pipeline.cancel(order.id)
            try await bench.storeEvents()
            return { _ = try await $0.promote(bench.keys) }
        },
        Operation("stored") { bench in
            let (_, entry) = try await bench.reach(.submitted, order())
            try await bench.written(.confirm(Samples.fill), entry)
            let entries = try await bench.unstored()
            return { try await $0.stored(entries, bench.keys) }
        },
        Operation("leaving") { bench in
            let order = try await bench.place(order())
            try await bench.send("ZADD", bench.keys.leaving, "1000", "\(order.id):u")
            return { _ = try await $0.run(Scripts.leaving, keys: [bench.keys.leaving], [bench.keys.userPrefix, "500"]) }
        },
        Operation("hasten") { bench in
            let order = try await bench.place(order())
            try await bench.send("ZADD", bench.keys.leaving, "9000000000000", "\(order.id):u")
            return { _ = try await $0.hasten(bench.keys) }
        },
        Operation("pause") { _ in { try await $0.pause(reason: "upgrade") } },
        Operation("heartbeat") { _ in
            {
                let keys = [Keys.services, Keys.service("a"), Keys.serving("router")]
                _ = try await $0.run(Scripts.heartbeat, keys: keys, ["a", "5000", "3500", "1", "b", "c"])
            }
        },
        Operation("budget") { _ in { _ = try await $0.run(Scripts.allow, keys: Keys.attempts, ["take", "3", "10"]) } },
    ]

    private nonisolated static let letters = [
        Operation("bury") { bench in
            let (order, entry) = try await bench.reach(.routed, order())
            return {
                let keys = [bench.keys.routed, bench.keys.dead, bench.keys.events, bench.keys.deadlines, bench.keys.leaving]
                _ = try await $0.run(
                    Scripts.bury, keys: keys + [bench.keys.order(order.id)],
                    ["routed", "executor", "a", entry.entry, "POISONED", order.id.description, "1", "60000"])
            }
        },
        Operation("put back") { bench in
            let id = try await letter(bench)
            return { _ = try await $0.retry(id) }
        },
        Operation("drop") { bench in
            let id = try await letter(bench)
            return { _ = try await $0.drop(id) }
        },
    ]

    private static func letter(_ bench: Bench) async throws -> DeadLetterID {
        let (order, entry) = try await bench.reach(.routed, order())
        let keys = [bench.keys.routed, bench.keys.dead, bench.keys.events, bench.keys.deadlines, bench.keys.leaving, bench.keys.order(order.id)]
        _ = try await bench.pipeline.run(
            Scripts.bury, keys: keys, ["routed", "executor", "a", entry.entry, "WRONG_STATE", order.id.description, "0", "60000"])
        guard let letter = try await bench.pipeline.deadLetters(limit: 1).letters.first else { throw TestFailure("there is no letter") }
        return letter.id
    }

    private nonisolated static let chain = [
        Operation("send") { bench in
            let order = order()
            return { _ = try await ledger($0).send(Samples.transaction(order), order: order.id, terms: terms) }
        },
        Operation("status") { bench in
            let order = order()
            _ = try await ledger(bench.pipeline).send(Samples.transaction(order), order: order.id, terms: terms)
            return { _ = try await ledger($0).status([Samples.transaction(order).signature, "unknown"], partition: 0) }
        },
    ]

    private nonisolated static let terms = SwapTerms(amountOut: BaseUnits(218_000_000), effects: [PoolEffect(pool: "a", base: 7)], flows: [:])

    private static func ledger(_ pipeline: OrderPipeline) -> ChainLedger {
        let options = ChainOptions(seed: 7, latency: 0...0, failurePpm: 0, dropPpm: 0, latePpm: 0, slotMilliseconds: 400, validSlots: 150)
        return ChainLedger(pipeline: pipeline, options: options)
    }
}

extension Bench {
    /// Everything in the database by key, as text. A stream counts by its content, whatever deletions it has seen. An empty stream without a group
    /// does not count.
    func contents() async throws -> [String: String] {
        var found: [String: String] = [:]
        for key in try await send("KEYS", "*").array?.compactMap(\.string) ?? [] { found[key] = try await content(key) }
        return found.filter { $0.value != "\(RedisValue.array([]))" }
    }

    private func content(_ key: String) async throws -> String {
        let life = try await send("PTTL", key).integer == -1 ? "" : " leaves"
        switch try await send("TYPE", key).string {
        case "hash":
            let values = try await send("HGETALL", key).array?.map { $0.string ?? "?" } ?? []
            return stride(from: 0, to: values.count, by: 2).map { "\(values[$0])=\(values[$0 + 1])" }.sorted().joined(separator: "\n") + life
        case "zset": return "\(try await send("ZRANGE", key, "0", "-1", "WITHSCORES"))" + life
        case "stream":
            var text = "\(try await send("XRANGE", key, "-", "+"))"
            for group in ["router", "executor", persistGroup] {
                // A stream has one of these groups.
                text += (try? await send("XPENDING", key, group)).map { "\n\(group): \($0)" } ?? ""
            }
            return text + life
        case "string": return try await send("GET", key).string ?? "?" + life
        default: return "?"
        }
    }
}
