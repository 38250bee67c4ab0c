internal import Configuration
internal import EventLoop

/// Knows which node of a cluster has which slot. It asks again every 10 s, and at once when an answer or a lost node shows that the map is old.
@ServiceActor
final class ClusterTopology {
    private static let interval = Duration.seconds(10)
    /// The least time between two questions.
    private static let pause = Duration.milliseconds(100)

    let url: RedisURL
    let options: RedisOptions
    private let seeds: [RedisURL.Host]
    private let outdated = LoopSignal()

    /// The last map that a node has told; nil before the first.
    private(set) var map: SlotMap?
    /// Why the last question has failed; nil if it has not.
    private(set) var failure: RedisError?
    /// Nodes to which there is a connection. They are asked first.
    var connected: @ServiceActor () -> [RedisNode] = { [] }
    /// Called with each map that is told.
    var onMap: [@ServiceActor (SlotMap) -> Void] = []

    /// Nil for a URL that names no cluster.
    init?(url: RedisURL, options: RedisOptions) {
        guard case .cluster(let hosts) = url.place else { return nil }
        (self.url, self.options, seeds) = (url, options, hosts)
    }

    /// Keeps the map up to date until the task is cancelled.
    func run() async {
        var backoff = Backoff(first: options.minBackoff, max: options.maxBackoff)
        while !Task.isCancelled {
            await ask()
            if failure == nil { backoff.reset() }
            try? await sleep(for: failure == nil ? Self.pause : max(Self.pause, backoff.next()))
            _ = try? await outdated.wait(upTo: failure == nil ? Self.interval : .zero)
        }
    }

    /// Asks for a new map soon: an answer has shown that this one is old.
    func outdate() { outdated.notify() }

    /// Why there is no map.
    var unavailable: RedisError {
        guard let failure else { return RedisError(.unavailable, "not connected to the cluster of Redis at \(url.endpoint) yet") }
        return RedisError(.unavailable, "no node of the cluster of Redis can be asked: \(failure)", words: failure.words)
    }

    /// Any of the nodes: each can be asked about all. A node that is known may have gone, so it is now and then one of the URL.
    func anyNode() -> RedisURL {
        let hosts = Int.random(in: 0..<4) == 0 ? seeds : map?.masters ?? seeds
        return url.node(hosts[Int.random(in: hosts.indices)])
    }

    /// Where the slot of a key is; any node if that is not known.
    func node(of key: String?) -> RedisURL { key.flatMap { map?[HashSlot.of($0)] }.map(url.node) ?? anyNode() }

    private func ask() async {
        do throws(RedisError) {
            let map = try await answer()
            (self.map, failure) = (map, nil)
            for take in onMap { take(map) }
        } catch {
            failure = error
        }
    }

    private func answer() async throws(RedisError) -> SlotMap {
        let command = ["CLUSTER", "SLOTS"]
        if let node = connected().randomElement() {
            return try map(try await node.send(command, timeout: options.connectTimeout), of: node.keeper.url)
        }
        let url = anyNode()
        let reader = RedisReader(url: url, name: "cluster-map", options: options)
        defer { reader.close() }
        return try map(try await reader.send(command, timeout: options.connectTimeout), of: url)
    }

    private func map(_ reply: RedisValue, of url: RedisURL) throws(RedisError) -> SlotMap {
        guard let map = SlotMap(reply, asked: url.hostName) else {
            throw RedisError(.unavailable, "\(url.endpoint) knows no node of a cluster that has slots")
        }
        return map
    }
}
