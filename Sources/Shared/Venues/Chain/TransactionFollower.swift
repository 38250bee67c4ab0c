public import EventLoop
public import Orders

/// Follows transactions on a chain until their outcomes are certain. One list holds all of them, ordered by when the chain is asked next; one task
/// asks, about many at once.
@ServiceActor
public final class TransactionFollower {
    /// The largest number of transactions in one turn.
    private static let turn = 256
    /// The longest wait for something to do. A new transaction ends it.
    private static let longestWait = Duration.seconds(10)

    private struct Followed {
        let outgoing: OutgoingTransaction
        let outcome: Waiter<TransactionOutcome, any Error>
    }

    private var plan = FollowPlan()
    private var followed: [FollowPlan.ID: Followed] = [:]
    private var bells: [String: FollowPlan.ID] = [:]
    private let changed = LoopSignal()

    /// A follower of no transactions yet.
    public init() {}

    /// Transactions that are followed.
    public var count: Int { followed.count }

    /// Sends a transaction of an order, and returns its outcome once that is certain.
    ///
    /// Throws only `CancellationError`, at once when the task is cancelled. The transaction stays sent.
    public func outcome(of transaction: SignedTransaction, order: Order) async throws -> TransactionOutcome {
        try Task.checkCancellation()
        let id = plan.follow(at: .now)
        let entry = Followed(outgoing: OutgoingTransaction(transaction: transaction, order: order), outcome: Waiter())
        followed[id] = entry
        bells[transaction.signature] = id
        changed.notify()
        defer { forget(id, transaction) }
        return try await entry.outcome.value(orWhenCancelled: CancellationError())
    }

    private func forget(_ id: FollowPlan.ID, _ transaction: SignedTransaction) {
        plan.forget(id)
        followed[id] = nil
        if bells[transaction.signature] == id { bells[transaction.signature] = nil }
    }

    /// Looks at a transaction now. A chain that can tell that something has happened to a transaction calls this.
    public func ring(_ signature: String) {
        guard let id = bells[signature] else { return }
        plan.ring(id, at: .now)
        changed.notify()
    }

    /// Asks the chain whenever something is due, until the task is cancelled. A turn begins when all questions of the last one were answered; what
    /// becomes due meanwhile goes with it.
    public func run(asking client: any ChainClient) async {
        while !Task.isCancelled {
            let errands = plan.take(at: .now, upTo: Self.turn)
            if errands.isEmpty { await waitForErrands() } else { await run(errands, asking: client) }
        }
    }

    private func waitForErrands() async {
        let wait = plan.nextErrand().map { $0 - .now } ?? Self.longestWait
        _ = try? await changed.wait(upTo: min(max(.zero, wait), Self.longestWait))
    }

    private func run(_ errands: [(id: FollowPlan.ID, errand: FollowPlan.Errand)], asking client: any ChainClient) async {
        let (sends, looks) = (errands.filter { $0.errand == .send }.map(\.id), errands.filter { $0.errand == .look }.map(\.id))
        async let sending: Void = ask(about: sends) { await client.send($0) }
        await ask(about: looks) { await client.look(at: $0) }
        await sending
    }

    private func ask(
        about ids: [FollowPlan.ID], _ question: @ServiceActor ([OutgoingTransaction]) async -> [TransactionReport]
    ) async {
        let known = ids.compactMap { id in followed[id].map { (id, $0) } }
        guard !known.isEmpty else { return }
        let reports = await question(known.map(\.1.outgoing))
        for (index, (id, entry)) in known.enumerated() {
            let report = reports.indices.contains(index) ? reports[index] : .unavailable
            if let outcome = plan.note(report, of: id, at: .now, jitter: Self.jitter) { entry.outcome.complete(.success(outcome)) }
        }
    }

    private static func jitter(_ limit: Duration) -> Duration { .nanoseconds(Int64.random(in: 0...max(0, limit.nanosecondsClamped))) }
}
