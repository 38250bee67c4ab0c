internal import Configuration
internal import EventLoop

/// A Redis Cluster. A command goes to the master that has its key.
@ServiceActor
final class RedisCluster {
    /// How often one command follows the answers of nodes that it belongs elsewhere.
    private static let maxRedirections = 16
    /// How long a command waits at most for the first connection to a server that has just become a master. One that could not be reached is not
    /// waited for.
    private static let introduction = Duration.seconds(1)
    /// How long a start waits for all masters.
    private static let patience = Duration.seconds(3)

    let topology: ClusterTopology
    let nodes: ClusterNodes
    private var ready = Promise<Void>()
    private let closed = Promise<Void>()

    /// Nil for a URL that names no cluster.
    init?(url: RedisURL, name: String, options: RedisOptions) {
        guard let topology = ClusterTopology(url: url, options: options) else { return nil }
        self.topology = topology
        nodes = ClusterNodes(topology: topology, name: name)
    }

    /// Whether the masters were prepared, and one of them is there. The orders of the others wait until theirs is there again.
    var isReady: Bool { ready.isCompleted && nodes.hasConnection }

    var unavailable: RedisError {
        if closed.isCompleted { return .closedBefore }
        return topology.map == nil ? topology.unavailable : nodes.unavailable ?? topology.unavailable
    }

    func waitUntilReady(within limit: Duration) async throws(RedisError) {
        if closed.isCompleted { throw .closedBefore }
        do { try await ready.value(within: limit) } catch { throw error is DeadlineExceeded ? unavailable : RedisError(waiting: error) }
    }

    /// Keeps the connections until `close` or until the task is cancelled. `prepare` prepares the masters: first when all can be reached, or those
    /// that can after 3 s; and again after each new connection when all can.
    func run(_ prepare: @escaping @ServiceActor (RedisConnectionInfo) async -> Void) async {
        let work = [Loop.spawn { await self.topology.run() }, Loop.spawn { await self.prepareAll(prepare) }]
        await withTaskCancellationHandler {
            _ = try? await closed.value
        } onCancel: {
            Loop.perform { self.close() }
        }
        for task in work { task.cancel() }
        await nodes.close()
        for task in work { await task.value }
    }

    func close() {
        closed.succeed(())
        ready.fail(RedisError.closedBefore)
    }

    private func prepareAll(_ prepare: @ServiceActor (RedisConnectionInfo) async -> Void) async {
        var prepared = 0
        let start = MonotonicInstant.now
        while (try? await nodes.changed.wait(upTo: .seconds(1))) != nil {
            let masters = nodes.masters
            let mayBePart = !ready.isCompleted && start.elapsed > Self.patience && nodes.hasConnection
            guard nodes.connects > prepared, masters.allSatisfy(\.keeper.isReady) || mayBePart else { continue }
            prepared = nodes.connects
            let servers = masters.compactMap(\.info)
            let runs = servers.map(\.runID).joined(separator: " ")
            await prepare(RedisConnectionInfo(runID: runs, version: servers.first?.version ?? "", isFirst: !ready.isCompleted))
            if nodes.hasConnection { ready.succeed(()) }
        }
    }
}

// MARK: Commands

extension RedisCluster {
    /// Sends a command to the node that has its key, and follows the answers of nodes that do not have it.
    func send(_ command: [String], script: RedisScript? = nil, timeout: Duration?) async throws(RedisError) -> RedisValue {
        let node = try node(for: command)
        if node.keeper.isNew { try await meet(node, within: timeout) }
        do {
            return try await node.send(command, timeout: timeout)
        } catch {
            return try await follow(error, from: node, command, script, within: timeout ?? topology.options.commandTimeout)
        }
    }

    /// Sends commands, all of one node before its first reply. One that could not be sent has its failure among the replies.
    func send(all commands: [[String]], timeout: Duration?) async throws(RedisError) -> [Result<RedisValue, RedisError>] {
        var parts: [ObjectIdentifier: (node: RedisNode, places: [Int])] = [:]
        for (place, command) in commands.enumerated() {
            let node = try node(for: command)
            parts[ObjectIdentifier(node), default: (node, [])].places.append(place)
        }
        let tasks = parts.values.map { node, places in
            (places, Loop.spawn { await self.send(places.map { commands[$0] }, to: node, within: timeout ?? self.topology.options.commandTimeout) })
        }
        var replies = [Result<RedisValue, RedisError>](repeating: .failure(.cancelled), count: commands.count)
        for (places, task) in tasks { for (place, reply) in zip(places, await task.value) { replies[place] = reply } }
        return replies
    }

    private func send(_ commands: [[String]], to node: RedisNode, within limit: Duration) async -> [Result<RedisValue, RedisError>] {
        let start = MonotonicInstant.now
        do throws(RedisError) {
            if node.keeper.isNew { try await meet(node, within: limit) }
            var replies = try await node.connection(for: commands.count).send(all: commands, timeout: limit)
            for place in replies.indices {
                guard case .failure(let error) = replies[place] else { continue }
                do throws(RedisError) {
                    replies[place] = .success(try await follow(error, from: node, commands[place], nil, within: limit - start.elapsed))
                } catch { replies[place] = .failure(error) }
            }
            return replies
        } catch {
            return commands.map { _ in .failure(error) }
        }
    }

    private func meet(_ node: RedisNode, within limit: Duration?) async throws(RedisError) {
        try await node.waitUntilReady(within: min(limit ?? topology.options.commandTimeout, Self.introduction))
    }

    /// The node that has the key of a command; any that is connected for a command without one.
    private func node(for command: [String]) throws(RedisError) -> RedisNode {
        if let key = CommandKey.first(of: command) { return try self.node(of: key) }
        guard let node = nodes.connected.first else { throw unavailable }
        return node
    }

    /// The node that has a key, by the map.
    func node(of key: String) throws(RedisError) -> RedisNode {
        guard topology.map != nil else { throw unavailable }
        guard let node = nodes.node(ofSlot: HashSlot.of(key)) else {
            topology.outdate()
            throw RedisError(.unavailable, "no master of the cluster of Redis has the slot of \(key)")
        }
        return node
    }

    /// Repeats a command that was not carried out, at the node where it belongs, until it is or `limit` is over. Throws an error that is about
    /// something else.
    private func follow(
        _ first: RedisError, from asked: RedisNode, _ command: [String], _ script: RedisScript?, within limit: Duration
    ) async throws(RedisError) -> RedisValue {
        let start = MonotonicInstant.now
        var backoff = Backoff(first: .milliseconds(20), max: .seconds(1))
        var (error, node, isAsking) = (first, asked, false)
        for _ in 0..<Self.maxRedirections where start.elapsed < limit {
            if error.code == .rejected("NOSCRIPT"), let script {
                try await node.load(script)
            } else {
                switch Redirection(error, asked: node.keeper.url.hostName) {
                case .moved(let host):
                    topology.outdate()
                    (node, isAsking) = (nodes.node(at: host), false)
                    try await node.waitUntilReady(within: limit - start.elapsed)
                case .ask(let host) where command[0] != "EVALSHA":
                    (node, isAsking) = (nodes.node(at: host), true)
                    try await node.waitUntilReady(within: limit - start.elapsed)
                // After ASKING a script would find keys missing that have not come yet, and would not know.
                case .ask, .wait:
                    topology.outdate()
                    try? await sleep(for: min(limit - start.elapsed, backoff.next()))
                    // Nothing is sent when there is no time to hear what became of it.
                    guard start.elapsed < limit else { throw error.afterAll }
                    (node, isAsking) = (try self.node(for: command), false)
                case nil: throw error
                }
            }
            do {
                let rest = max(.milliseconds(1), limit - start.elapsed)
                return isAsking ? try await node.sendAsking(command, timeout: rest) : try await node.send(command, timeout: rest)
            } catch let next { error = next }
        }
        throw error.afterAll
    }
}

extension RedisError {
    /// What a command has come to that was refused until its time was over. A script that needs keys of which some have gone ahead to another node
    /// has changed nothing.
    fileprivate var afterAll: RedisError {
        guard ["ASK", "ERR"].contains(rejection) else { return self }
        let words = "TRYAGAIN the keys of a script are on their way to another node: \(message)"
        return RedisError(.rejected("TRYAGAIN"), words, words: words)
    }
}
