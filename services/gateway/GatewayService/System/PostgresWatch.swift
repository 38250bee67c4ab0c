internal import EventLoop
internal import Postgres
internal import Storage

/// Whether orders can be read from Postgres. It tries every two seconds, because an open connection may lead to a server that no longer answers.
@ServiceActor
final class PostgresWatch {
    private static let interval = Duration.seconds(2)
    /// The interval while Postgres is down, so that its return is seen soon.
    private static let downInterval = Duration.milliseconds(500)

    private let postgres: PostgresPool
    private let store: OrderStore
    private var last = ServerState.unknown

    init(postgres: PostgresPool, store: OrderStore) {
        self.postgres = postgres
        self.store = store
    }

    /// The state that is known now. The pool knows at once when it has lost its connections, or when Postgres refuses its queries.
    var standing: ServerState { postgres.trouble.map { .down($0.description) } ?? last }

    /// Tries until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            await look()
            try? await sleep(for: (last.isDown ? Self.downInterval : Self.interval) * Int.random(in: 90...110) / 100)
        }
    }

    func look() async {
        do {
            try await store.probe()
            last = .up
        } catch {
            switch error.kind {
            // The error is about this process, not about Postgres.
            case .cancelled, .closed, .poolExhausted: break
            default: last = .down(error.description)
            }
        }
    }
}
