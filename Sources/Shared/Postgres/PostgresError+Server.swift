internal import CLibpq

extension PostgresError {
    /// The error of a result: the server has refused the command, or the connection was lost.
    init(result: OpaquePointer, connectionIsBad: Bool) {
        let state = PQresultErrorField(result, clibpq_diag_sqlstate()).map { String(cString: $0) }
        let primary = PQresultErrorField(result, clibpq_diag_message_primary()).map { String(cString: $0) }
        let severity = PQresultErrorField(result, clibpq_diag_severity()).map { String(cString: $0) }
        // After FATAL and PANIC the server closes the connection, even if the end of the stream has not been seen yet.
        guard !connectionIsBad, let state, severity != "FATAL", severity != "PANIC" else {
            let word = state == nil ? nil : primary
            self.init(.connectionLost, word.map { "\(Self.lost.message): \($0)" } ?? Self.lost.message, sqlState: state)
            return
        }
        let message = primary ?? "Postgres refused the command"
        // 57014 means a cancel request or the server's own statement_timeout. Nothing here sends cancel requests.
        if state == "57014" {
            self.init(.timedOut, message, sqlState: state)
        } else {
            self.init(.server(sqlState: state), state.hasPrefix("22") ? Self.withoutQuotedValue(message) : message)
        }
    }

    /// The error of a connection attempt, from libpq's verbose text without the password.
    ///
    /// The server's words are passed on with their SQLSTATE. libpq's own sentences are not, because they name the host as libpq understood it.
    init(connecting text: String) {
        if let (state, words) = Self.serversWords(text) {
            // 57P01 to 57P03: the server is stopping, or is not ready yet.
            self.init(state.hasPrefix("57P") ? .unavailable : .refused, "Postgres says: \(words)", sqlState: state)
            return
        }
        let refusals = [
            ("no password supplied", "Postgres asks for a password, and the URL has none"),
            ("session is read-only", "Postgres is read-only here, and target_session_attrs asks for another one"),
            ("session is not read-only", "Postgres is not read-only here, and target_session_attrs asks for another one"),
            ("server is not in hot standby mode", "Postgres is no standby, and target_session_attrs asks for one"),
            ("server is in hot standby mode", "Postgres is a standby, and target_session_attrs asks for another one"),
            ("does not support SSL", "Postgres has no TLS, and sslmode asks for it"),
            ("certificate verify failed", "the certificate of Postgres is not trusted; see sslmode and sslrootcert"),
            ("certificate", "the certificate of Postgres is not accepted; see sslmode and sslrootcert"),
        ]
        if let reason = refusals.first(where: { text.contains($0.0) })?.1 {
            self.init(.refused, reason)
            return
        }
        let reasons = [
            ("Connection refused", "nothing listens at the address of Postgres"),
            ("No such file", "nothing listens at the socket of Postgres"),
            ("translate host name", "the host name of Postgres could not be resolved"),
            ("No route to host", "there is no route to the address of Postgres"),
            ("Network is unreachable", "there is no route to the address of Postgres"),
            ("SSL", "Postgres and this program did not agree on encryption"),
            ("closed the connection", "Postgres closed the connection"),
        ]
        self.init(.unavailable, reasons.first { text.contains($0.0) }?.1 ?? "Postgres could not be reached")
    }

    /// Combines the refusals of several places. What a server has said counts more than a place that could not be reached.
    init(combining errors: [PostgresError]) {
        let telling = errors.first { $0.kind == .refused } ?? errors.last ?? .lost
        let others = errors.map(\.message).reduce(into: [String]()) { if !$0.contains($1) && $1 != telling.message { $0.append($1) } }
        self.init(telling.kind, ([telling.message] + others).joined(separator: "; another host: "), sqlState: telling.sqlState)
    }

    /// The SQLSTATE and the sentence of `…: FATAL:  28P01: password authentication failed for user "engine"`. The first word is in the server's
    /// language.
    private static func serversWords(_ text: String) -> (state: String, words: String)? {
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", omittingEmptySubsequences: false)
            for index in parts.indices.dropLast() {
                let state = parts[index].drop { $0 == " " }
                let isState =
                    parts[index].hasPrefix("  ") && state.utf8.count == 5 && state.allSatisfy { $0.isASCII && ($0.isNumber || $0.isUppercase) }
                guard isState else { continue }
                return (String(state), String(parts[(index + 1)...].joined(separator: ":").drop { $0 == " " }.prefix(300)))
            }
        }
        return nil
    }

    /// Removes the value that a data exception quotes: the text from the first to the last quotation mark is cut out.
    private static func withoutQuotedValue(_ message: String) -> String {
        guard let first = message.firstIndex(of: "\""), let last = message.lastIndex(of: "\""), first < last else { return message }
        return message[..<first] + "…" + message[message.index(after: last)...]
    }
}
