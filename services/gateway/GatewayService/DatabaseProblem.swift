internal import HTTP
internal import Postgres

extension Problem {
    /// What a client is told when Postgres has not answered a question, by Postgres' own reason.
    ///
    /// - Parameter failed: the first half of the sentence, such as "The order cannot be looked up".
    static func database(_ error: PostgresError, _ failed: String) -> Problem {
        if error.isDataFault {
            return Problem(400, code: "BAD_REQUEST", "\(failed) because a parameter holds a text that the database cannot hold; leave it out")
        }
        guard !error.isRefusal else {
            return Problem(
                503, code: "DATABASE_REFUSED", "\(failed) because the database refuses it: \(error); whoever runs the engine has to mend that",
                headers: [("Retry-After", "10")])
        }
        return Problem(
            503, code: "UNAVAILABLE", "\(failed) because \(standing(error)); try again in a few seconds", headers: [("Retry-After", "2")])
    }

    private static func standing(_ error: PostgresError) -> String {
        switch error.kind {
        case .timedOut: "the database did not answer in time"
        case .poolExhausted: "all connections to the database are in use"
        default: error.isAway ? "the database is away" : "the database could not carry it out"
        }
    }
}
