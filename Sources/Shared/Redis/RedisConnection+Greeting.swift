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
        async let selection = select(limit)
        async let naming = attempt(["CLIENT", "SETNAME", name], limit)
        async let description = attempt(["INFO", "server"], limit)
        async let readiness = attempt(["PING"], limit)
        let (selected, named, info, ready) = await (selection, naming, description, readiness)
        // A server that has no room for another client, or wants a login, says so in its answer to whichever command came first. The others fail
        // because the connection ends.
        for case .failure(let error) in [selected, ready, named, info] where failure != nil && error.rejection != nil && error.rejection != "NOPERM" {
            throw error
        }
        _ = try selected.get()
        _ = try ready.get()
        try await beMaster(limit)
        // A restricted user may not be allowed to use INFO and CLIENT. The connection works without them.
        let server = RedisInfo((try? info.get())?.string ?? "")
        return RedisConnectionInfo(runID: server.runID, version: server.version, isFirst: false)
    }

    /// A new connection has database 0. A Sentinel and a Redis Cluster have no other, and some users may not choose.
    private func select(_ limit: Duration) async -> Result<RedisValue, RedisError> {
        url.database == 0 ? .success(.null) : await attempt(["SELECT", String(url.database)], limit)
    }

    /// Sentinels may name a server that is no master yet, or no more.
    private func beMaster(_ limit: Duration) async throws(RedisError) {
        guard case .sentinels = url.place else { return }
        // Without the right to ask, the first write shows it.
        guard case .success(let role) = await attempt(["ROLE"], limit), let kind = role.array?.first?.string, kind != "master" else { return }
        throw RedisError(.unavailable, "Redis at \(endpoint) is a \(kind), not the master that the Sentinels name")
    }

    private func attempt(_ command: [String], _ limit: Duration) async -> Result<RedisValue, RedisError> {
        do throws(RedisError) { return .success(try await send(command, timeout: limit)) } catch { return .failure(error) }
    }
}

extension RedisError {
    /// Why a connection could not be opened. No command of a caller has been sent yet, whatever the reason.
    init(opening error: any Error, at endpoint: String) {
        let error = RedisError(waiting: error)
        switch error.code {
        case .rejected("LOADING"), .rejected("MASTERDOWN"):
            self.init(.unavailable, "Redis at \(endpoint) is not ready yet: \(error)", words: error.words)
        case .rejected("WRONGPASS"), .rejected("NOAUTH"):
            self.init(
                error.code, "Redis at \(endpoint) refused the login: check user and password of its URL (\(error))", outcomeUnknown: false,
                words: error.words)
        case .rejected, .closed:
            self.init(error.code, "Redis at \(endpoint): \(error)", outcomeUnknown: false, words: error.words)
        case .timedOut:
            self.init(.unavailable, "Redis at \(endpoint) gave no answer while connecting")
        default:
            self.init(.unavailable, error.message, words: error.words)
        }
    }
}
