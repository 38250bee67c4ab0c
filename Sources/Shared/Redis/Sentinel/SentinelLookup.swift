internal import Configuration
internal import EventLoop

/// Asks Sentinels where the master of a name is.
@ServiceActor
struct SentinelLookup {
    /// The URL that names the Sentinels.
    let url: RedisURL
    let options: RedisOptions

    /// The address that most of the Sentinels give. All are asked at once. Throws `.unavailable` if none gives one.
    func master(of name: String, from sentinels: [RedisURL.Host]) async throws(RedisError) -> RedisURL.Host {
        let asking = sentinels.map { host in Loop.spawn { await answer(of: host, name) } }
        var votes: [RedisURL.Host: Int] = [:]
        var reasons: [String] = []
        for (host, task) in zip(sentinels, asking) {
            switch await task.value {
            case .success(let master): votes[master, default: 0] += 1
            case .failure(let error): reasons.append("\(host): \(error)")
            }
        }
        guard let master = votes.max(by: { $0.value < $1.value })?.key else {
            throw RedisError(.unavailable, "no Sentinel knows a master called \(name): \(reasons.joined(separator: "; "))")
        }
        return master
    }

    private func answer(of host: RedisURL.Host, _ name: String) async -> Result<RedisURL.Host, RedisError> {
        var options = options
        options.connectTimeout = options.connectTimeout / 2
        let reader = RedisReader(url: url.sentinel(host), name: "sentinel-lookup", options: options)
        defer { reader.close() }
        do throws(RedisError) {
            let reply = try await reader.send(["SENTINEL", "GET-MASTER-ADDR-BY-NAME", name], timeout: options.connectTimeout)
            guard let parts = reply.array, parts.count == 2, let host = parts[0].string, let port = parts[1].string.flatMap({ UInt16($0) }) else {
                return .failure(RedisError(.unavailable, "knows no such name"))
            }
            return .success(RedisURL.Host(host, port: port))
        } catch {
            return .failure(error)
        }
    }
}
