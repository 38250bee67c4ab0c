internal import EventLoop
internal import Observability
internal import Postgres
internal import Storage

/// Deletes events that are older than the settings allow, a little at a time.
@ServiceActor
final class Retention {
    private static let interval = Duration.seconds(60)
    private static let portion = 5000

    private let store: OrderStore
    private let age: Duration
    private let log: Logger

    init(store: OrderStore, age: Duration, log: Logger) {
        self.store = store
        self.age = age
        self.log = log
    }

    /// Runs until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            try? await sleep(for: Self.interval * Int.random(in: 80...120) / 100)
            do {
                let deleted = try await store.deleteEvents(olderThan: age, limit: Self.portion)
                if deleted > 0 { log.info("events.deleted", ["count": .integer(deleted)]) }
            } catch {
                log.limited(.warning, "events.not_deleted", every: .seconds(60), ["reason": .string(error.message)])
            }
        }
    }
}
