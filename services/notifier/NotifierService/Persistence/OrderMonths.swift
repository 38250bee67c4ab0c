internal import EventLoop
internal import Observability
internal import Storage

/// Cares for the months that the table of orders is divided into: makes those to come, and drops those that are older than the settings allow.
@ServiceActor
final class OrderMonths {
    private static let interval = Duration.seconds(60)
    /// Months that have a part before they begin. A hindrance shows in the log for a month before it matters.
    private static let ahead = 2
    /// Orders of one transaction where single orders are deleted.
    private static let portion = 500
    /// The pause between two portions, for processes that store events.
    private static let pause = Duration.milliseconds(20)

    private let store: OrderStore
    private let age: Duration?
    private let log: Logger
    private var saidThatRightIsMissing = false

    /// `age` is how long orders are kept; nil for ever.
    init(store: OrderStore, age: Duration?, log: Logger) {
        self.store = store
        self.age = age
        self.log = log
    }

    /// Runs until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            try? await sleep(for: Self.interval * Int.random(in: 80...120) / 100)
            if !Task.isCancelled { await care() }
        }
    }

    /// Does once what is due. What fails is tried again at the next run.
    func care() async {
        do {
            note(try await store.makeMonths(ahead: Self.ahead))
        } catch {
            log.limited(.warning, "orders.months_not_made", every: .seconds(600), ["reason": .string("\(error)")])
        }
        guard let age else { return }
        do {
            note(try await store.dropMonths(olderThan: age))
            try await deleteDue(age)
        } catch {
            log.limited(.warning, "orders.not_deleted", every: .seconds(60), ["reason": .string("\(error)")])
        }
    }

    private func note(_ result: MonthsMade) {
        if !result.made.isEmpty { log.info("orders.months_made", ["months": .string(result.made.joined(separator: " "))]) }
        if !result.left.isEmpty {
            log.limited(
                .warning, "orders.months_not_made", every: .seconds(86_400),
                ["reason": .string("the default part has orders of \(result.left.joined(separator: " ")): these months stay in it")])
        }
        guard result.mayChange != !saidThatRightIsMissing else { return }
        saidThatRightIsMissing = !result.mayChange
        guard saidThatRightIsMissing else { return }
        log.warning(
            "orders.months_not_made",
            ["reason": .string("this role does not own order_rows, or may not create in its schema: orders go to the default part")])
    }

    private func note(_ result: MonthsDropped) {
        if !result.dropped.isEmpty { log.info("orders.months_dropped", ["months": .string(result.dropped.joined(separator: " "))]) }
        guard !result.kept.isEmpty else { return }
        log.limited(
            .warning, "orders.months_kept", every: .seconds(3600),
            ["months": .string(result.kept.joined(separator: " ")), "reason": .string("an order in it is not final")])
    }

    private func deleteDue(_ age: Duration) async throws {
        var orders = 0
        defer { if orders > 0 { log.info("orders.deleted", ["count": .integer(orders)]) } }
        while !Task.isCancelled {
            let deleted = try await store.deleteOrders(olderThan: age, limit: Self.portion)
            orders += deleted
            guard deleted == Self.portion else { return }
            try await sleep(for: Self.pause)
        }
    }
}
