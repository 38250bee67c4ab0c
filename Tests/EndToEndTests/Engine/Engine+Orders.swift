import EventLoop
import HTTP
import JSON
import Orders
import Redis
import TestSupport
import Testing

extension Engine {
    /// An order that every venue can fill.
    static let usualOrder = #"{"tokenIn":"SOL","tokenOut":"USDC","amount":"1.5"}"#

    /// Posts a body as an order.
    func post(_ body: String, key: String? = nil, gateway: Int = 1, type: String = "application/json") async throws -> Answer {
        let headers = [("Content-Type", type)] + (key.map { [("Idempotency-Key", $0)] } ?? [])
        return try await send("POST", "/api/orders/execute", to: .gateway, gateway, headers: headers, body: body)
    }

    /// Places an order that has to be accepted, and returns its id.
    func place(_ body: String = usualOrder, key: String? = nil, gateway: Int = 1) async throws -> String {
        let answer = try await post(body, key: key, gateway: gateway)
        guard answer.status == 202, let id = answer.json["orderId"]?.string else {
            throw TestFailure("the order was not accepted: \(answer.status) \(answer.text)")
        }
        return id
    }

    /// Places orders at once.
    func place(count: Int, _ body: String = usualOrder) async throws -> [String] { try await together(count) { _ in try await self.place(body) } }

    /// The order as the gateway shows it.
    func show(_ id: String) async throws -> JSONValue { try await send("GET", "/api/orders/\(id)").json }

    /// The hash of an order in Redis: values by the name of their field.
    func record(_ id: String) async throws -> [String: String] {
        let values = try await redis.send(["HGETALL", Self.key(id)]).array ?? []
        var fields: [String: String] = [:]
        for index in stride(from: 0, to: values.count, by: 2) { fields[values[index].string ?? ""] = values[index + 1].string ?? "" }
        return fields
    }

    /// The command and the channel by which scripts tell of the events of an order.
    func telling(_ id: String) -> [String] {
        redis.isCluster ? ["SPUBLISH", "updates:{\(OrderID(parsing: id)?.partition ?? 0)}:\(id)"] : ["PUBLISH", "updates:\(id)"]
    }

    /// The key of an order's hash.
    static func key(_ id: String) -> String { "orders:{\(OrderID(parsing: id)?.partition ?? 0)}:o:\(id)" }

    /// The words of an order's place: state, round, attempt, seq, time, entry; nil if Redis does not have the order.
    func place(of id: String) async throws -> [String]? {
        try await redis.send(["HGET", Self.key(id), "s"]).string?.split(separator: " ", omittingEmptySubsequences: false).map { String($0) }
    }

    /// The state of an order, which is finer than its status.
    func state(_ id: String) async throws -> String? { try await place(of: id)?.first }

    /// The lines of an order's events in Redis, from 1 to n.
    func lines(of id: String) async throws -> [String] {
        let steps = try await record(id).compactMap { field in Int(field.key).map { ($0, field.value) } }.sorted { $0.0 < $1.0 }
        return steps.flatMap { $0.1.split(separator: "\n").map { String($0) } }
    }

    /// The canonical events of an order, as texts, from 1 to n.
    func events(_ id: String) async throws -> [String] {
        guard let details = try await record(id)["o"] else { return [] }
        var fold = OrderFold(try Order(json: details))
        for line in try await lines(of: id) { try fold.add(Substring(line)) }
        return fold.events.map(\.text)
    }

    /// The signature of an order's transaction, as its newest event shows it; empty if there is none.
    func signature(of id: String) async throws -> String {
        try await events(id).last.flatMap { try JSONValue.parse($0)["txHash"]?.string } ?? ""
    }

    /// Waits until an order is in one of the states.
    func wait(_ id: String, for states: Set<String>, within limit: Duration = .seconds(40)) async throws {
        do {
            try await eventually(within: limit) { (try? await self.state(id)).flatMap { $0 }.map { states.contains($0) } ?? false }
        } catch {
            throw TestFailure("\(id) is \(try await state(id) ?? "gone"), not \(states.sorted()): \(try await events(id).last ?? "")")
        }
    }

    /// Waits until all orders have ended.
    func waitForEnd(_ ids: [String], within limit: Duration = .seconds(60)) async throws {
        let start = MonotonicInstant.now
        for id in ids { try await wait(id, for: ["confirmed", "failed", "cancelled"], within: max(.seconds(1), limit - start.elapsed)) }
    }

    /// The entries of the chain's record of landed swaps for an order.
    func landed(_ id: String) async throws -> [[String: String]] { try await allLanded()[id] ?? [] }

    /// The chain's record of landed swaps, by order.
    func allLanded() async throws -> [String: [[String: String]]] {
        var entries: [RedisValue] = []
        for partition in stack.partitions { entries += try await redis.send(["XRANGE", "chain:{\(partition)}:landed", "-", "+"]).array ?? [] }
        let rows = entries.map { entry in
            let values = entry.array?.last?.array?.compactMap(\.string) ?? []
            return Dictionary(uniqueKeysWithValues: stride(from: 0, to: values.count, by: 2).map { (values[$0], values[$0 + 1]) })
        }
        return Dictionary(grouping: rows) { $0["orderId"] ?? "" }
    }
}

/// The parts of an event that show how an order went.
struct Step: Equatable, CustomStringConvertible {
    let type: String
    let status: String
    let progress: Int64

    init(_ type: String, _ status: String, _ progress: Int64) {
        self.type = type
        self.status = status
        self.progress = progress
    }

    init(_ event: JSONValue) { self.init(event["type"]?.string ?? "", event["status"]?.string ?? "", event["progress"]?.integer ?? -1) }

    var description: String { "\(type)/\(status)/\(progress)" }

    /// The events of an order that lands at its first attempt.
    static let smooth = accepted + routed + attempt(1) + [Step("confirmed", "confirmed", 100)]
    static let accepted = [Step("pending", "pending", 0)]
    static let routed = [Step("routing", "routing", 10), Step("routing", "routing", 30)]

    /// The events of an attempt before its outcome.
    static func attempt(_ number: Int64) -> [Step] {
        [Step("building", "building", 50), Step("building", "building", 70), Step("submitted", "submitted", 75 + 5 * number)]
    }
}
