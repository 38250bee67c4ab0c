internal import Configuration
internal import EventLoop

/// Facts about the server of a new connection.
public struct RedisConnectionInfo: Sendable, Equatable {
    /// Random id of the server's run. It changes when the server is restarted. Empty if the server does not tell.
    public let runID: String
    /// Version of the server, for example `7.0.15`. Empty if the server does not tell.
    public let version: String
    /// Whether this is the first connection of its client.
    public internal(set) var isFirst: Bool
}

extension RedisConnection {
    /// Logs in, chooses the database, names the connection, and checks with a PING that the server is ready.
    func greet(name: String) async throws(RedisError) -> RedisConnectionInfo {
        let limit = options.connectTimeout
        if url.user != nil || url.password != nil {
            // Some users without a password need none.
            let command = ["AUTH"] + (url.user.map { [$0] } ?? []) + [url.password?.text ?? ""]
            _ = try await send(command, timeout: limit)
        }
        // The child tasks start in this order, so the commands are sent in this order, in one write.
        async let selection = attempt(["SELECT", String(url.database)], limit)
        async let naming = attempt(["CLIENT", "SETNAME", name], limit)
        async let description = attempt(["INFO", "server"], limit)
        async let readiness = attempt(["PING"], limit)
        let (selected, named, info, ready) = await (selection, naming, description, readiness)
        // A server that has no room for another client, or wants a login, says so in its answer to whichever command came first. The others fail
        // because the connection ends.
        for case .failure(let error) in [selected, ready, named, info] where failure != nil && error.rejection != nil && error.rejection != "NOPERM" {
            throw error
        }
        if case .failure(let error) = selected, url.database != 0 || error.rejection != "NOPERM" { throw error }
        _ = try ready.get()
        // A restricted user may not be allowed to use INFO and CLIENT. The connection works without them.
        let server = RedisInfo((try? info.get())?.string ?? "")
        return RedisConnectionInfo(runID: server.runID, version: server.version, isFirst: false)
    }

    private func attempt(_ command: [String], _ limit: Duration) async -> Result<RedisValue, RedisError> {
        do throws(RedisError) { return .success(try await send(command, timeout: limit)) } catch { return .failure(error) }
    }
}

extension RedisError {
    /// Why a connection could not be opened. No command of a caller has been sent yet, whatever the reason.
    init(opening error: any Error, at url: RedisURL) {
        let error = RedisError(waiting: error)
        switch error.code {
        case .rejected("LOADING"), .rejected("MASTERDOWN"):
            self.init(.unavailable, "Redis at \(url.endpoint) is not ready yet: \(error)", words: error.words)
        case .rejected("WRONGPASS"), .rejected("NOAUTH"):
            self.init(
                error.code, "Redis at \(url.endpoint) refused the login: check user and password of its URL (\(error))", outcomeUnknown: false,
                words: error.words)
        case .rejected, .closed:
            self.init(error.code, "Redis at \(url.endpoint): \(error)", outcomeUnknown: false, words: error.words)
        case .timedOut:
            self.init(.unavailable, "Redis at \(url.endpoint) gave no answer while connecting")
        default:
            self.init(.unavailable, error.message, words: error.words)
        }
    }
}
