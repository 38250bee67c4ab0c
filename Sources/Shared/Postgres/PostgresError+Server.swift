internal import CLibpq

extension PostgresError {
    /// The error of a result that the server has refused, or that stands for a lost connection.
    init(result: OpaquePointer, connectionIsBad: Bool) {
        let state = PQresultErrorField(result, clibpq_diag_sqlstate()).map { String(cString: $0) }
        let primary = PQresultErrorField(result, clibpq_diag_message_primary()).map { String(cString: $0) }
        let severity = PQresultErrorField(result, clibpq_diag_severity()).map { String(cString: $0) }
        // After FATAL and PANIC the server closes, whether or not the end of the stream has been seen yet.
        guard !connectionIsBad, let state, severity != "FATAL", severity != "PANIC" else {
            self.init(.connectionLost, Self.lost.message, sqlState: state)
            return
        }
        let message = primary ?? "Postgres refused the command"
        // 57014 without a cancel request, which nobody here sends, is the server's own statement_timeout.
        if state == "57014" {
            self.init(.timedOut, message, sqlState: state)
        } else {
            self.init(.server(sqlState: state), state.hasPrefix("22") ? Self.withoutQuotedValue(message) : message)
        }
    }

    /// The error of a connection attempt, told from libpq's text.
    ///
    /// The text itself is not passed on: it names host and user as libpq understood them, and of a URL with an unescaped `@` or `/` in its password
    /// that can be a part of the password.
    init(connecting text: String) {
        let reasons = [
            ("starting up", "Postgres is starting up"),
            ("shutting down", "Postgres is shutting down"),
            ("recovery", "Postgres is recovering"),
            ("too many clients", "Postgres has no free connection"),
            ("remaining connection slots", "Postgres has no free connection"),
            ("authentication failed", "Postgres refused the user or the password"),
            ("no password supplied", "Postgres asks for a password, and the URL has none"),
            ("pg_hba.conf", "Postgres does not let this host and user in"),
            ("does not exist", "the database or the user does not exist"),
            ("Connection refused", "nothing listens at the address of Postgres"),
            ("No such file", "nothing listens at the socket of Postgres"),
            ("translate host name", "the host name of Postgres could not be resolved"),
            ("SSL", "Postgres and this program did not agree on encryption"),
            ("closed the connection", "Postgres closed the connection"),
        ]
        let reason = reasons.first { text.contains($0.0) }?.1
        self.init(.unavailable, reason ?? "Postgres could not be reached")
    }

    /// A data exception quotes the value that it could not take: cut from the first to the last quotation mark.
    private static func withoutQuotedValue(_ message: String) -> String {
        guard let first = message.firstIndex(of: "\""), let last = message.lastIndex(of: "\""), first < last else { return message }
        return message[..<first] + "…" + message[message.index(after: last)...]
    }
}
