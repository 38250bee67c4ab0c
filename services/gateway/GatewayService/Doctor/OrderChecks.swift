internal import EventLoop
internal import Orders
internal import Pipeline
internal import Storage

/// Orders under way that do not go on. Takes the orders that Postgres knows as open and looks them up in Redis.
@ServiceActor
struct OrderChecks {
    static let names = ["stuck-orders", "lost-orders"]
    /// The oldest orders are checked. More would hold the gateway up.
    private static let maxChecked = 1000
    private static let maxNamed = 5
    /// An order that has just moved may be on its way to Postgres.
    private static let settled = Duration.seconds(3)

    let pipeline: OrderPipeline
    let store: OrderStore
    /// Time without an event after which an order that a worker has in hand counts as stuck.
    let stuckAfter: Duration

    /// Makes the checks. Throws `PostgresError` or `PipelineError`.
    func all() async throws -> [Diagnosis] {
        var checked = 0
        var orphans: Set<OrderID> = []
        let stuck = try await store.lostOrders(.underWay, unmovedFor: Self.settled, listing: Self.maxNamed) { ids in
            var found: [OrderID] = []
            for id in ids.prefix(max(0, Self.maxChecked - checked)) {
                checked += 1
                let (standing, unmoved) = try await pipeline.standing(id)
                if standing == .nothing { orphans.insert(id) }
                if standing == .nothing || standing == .held && unmoved > UInt64(stuckAfter.millisecondsRoundedUp) { found.append(id) }
            }
            return found
        }
        let lost = try await store.lostOrders(unmovedFor: Self.settled, listing: Self.maxNamed) { try await pipeline.missing($0) }
        return [Self.stuck(stuck, orphans: orphans, checked: min(stuck.checked, checked)), Self.lost(lost)]
    }

    private static func stuck(_ orders: LostOrders, orphans: Set<OrderID>, checked: Int) -> Diagnosis {
        guard orders.count > 0 else {
            return Diagnosis(
                "stuck-orders", .ok, checked == 0 ? "no order waits for long" : "none of the \(checked) oldest orders under way is stuck")
        }
        let isHeld = orders.listed.contains { !orphans.contains($0.id) }
        var advice = ""
        if !orphans.isEmpty {
            advice =
                "Nothing stands for an order any more: orderctl dead list --reason IN_DOUBT, and retry its letter; where there is none, "
                + "orderctl cancel ID and place it again (one that is submitted: look its transaction up first)."
        }
        if isHeld {
            advice +=
                (advice.isEmpty ? "" : " ") + "A worker holds an order without moving it: see the logs by its id; restarting that worker is safe."
        }
        return Diagnosis("stuck-orders", .fault, "\(count(orders.count, "is", "are")) stuck: \(named(orders))", do: advice)
    }

    private static func lost(_ orders: LostOrders) -> Diagnosis {
        guard orders.count > 0 else { return Diagnosis("lost-orders", .ok, "Redis has every order that Postgres knows as under way") }
        return Diagnosis(
            "lost-orders", .fault, "\(count(orders.count, "is", "are")) in Postgres but not in Redis: \(named(orders))",
            do: "Redis has lost data. orderctl reconcile lists them; docs/operations.md says what to do with each.")
    }

    private static func count(_ number: Int, _ one: String, _ many: String) -> String { number == 1 ? "1 order \(one)" : "\(number) orders \(many)" }

    private static func named(_ orders: LostOrders) -> String {
        let names = orders.listed.map { "\($0.id) (\($0.status.rawValue))" }.joined(separator: ", ")
        return orders.count > orders.listed.count ? names + ", …" : names
    }
}
