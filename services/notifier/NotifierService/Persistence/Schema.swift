internal import EventLoop
internal import Observability
internal import Storage

/// Brings the tables up to date once Postgres can be reached.
@ServiceActor
final class Schema {
    private let store: OrderStore
    private let log: Logger
    /// Why the tables are not ready; nil if no reason is known.
    private(set) var trouble: String?

    init(store: OrderStore, log: Logger) {
        self.store = store
        self.log = log
    }

    /// Applies missing migrations; tries again while it fails. Returns false if the task was cancelled first.
    func migrate() async -> Bool {
        var backoff = Backoff(first: .milliseconds(200), max: .seconds(5))
        while !Task.isCancelled {
            do {
                let applied = try await store.migrate()
                trouble = nil
                log.info("schema.ready", ["applied": .integer(applied.count)])
                return true
            } catch {
                trouble = "\(error)"
                log.limited(.error, "schema.not_ready", every: .seconds(5), ["reason": .string("\(error)")])
            }
            try? await sleep(for: backoff.next())
        }
        return false
    }
}
