internal import Postgres

/// The finding about Postgres, from an error that Postgres or the connection to it has given.
struct PostgresCheck {
    private let error: PostgresError

    init(_ error: PostgresError) { self.error = error }

    var diagnosis: Diagnosis { Diagnosis("postgres", .fault, finding, do: advice) }

    private var finding: String {
        let effect = "orders go on, but old ones cannot be read and lists fail"
        switch error.kind {
        case .timedOut: return "Postgres does not answer in time (\(error)): \(effect)"
        case .poolExhausted: return "\(error): \(effect)"
        default: return error.isAway ? "Postgres is away (\(error)): \(effect)" : "Postgres refuses the engine (\(error)): \(effect)"
        }
    }

    private var advice: String {
        switch error.sqlState ?? "" {
        case "42501": "Give the role of DATABASE_URL the right that is missing; docs/operations.md lists what it needs."
        case "42P01", "42703": "The tables are not as this version needs them: a notifier makes them, see its log for schema.not_ready."
        case "25006": "Let DATABASE_URL point at the primary, or take default_transaction_read_only back; the engine finds it by itself."
        case "28000", "28P01": "Mend user and password in DATABASE_URL, or pg_hba.conf, and restart gateways and notifiers."
        case "3D000": "Create the database, or mend its name in DATABASE_URL."
        case let state where state.hasPrefix("53"): "Give Postgres room: connections (4 for each gateway and notifier), disk or memory."
        default:
            error.isAway
                ? "Start Postgres, or see its log; events wait in Redis and are stored then."
                : "See the log of Postgres and that of the gateways (postgres.away, postgres.refused)."
        }
    }
}
