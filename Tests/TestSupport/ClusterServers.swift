public import EventLoop
internal import Glibc

/// A Redis Cluster of three masters, each with a replica, that fails over within a few seconds.
@ServiceActor
public final class ClusterServers {
    private static let ranges = [(0, 5460), (5461, 10_922), (10_923, 16_383)]

    /// The masters of the beginning; `replicas[n]` follows `masters[n]`.
    public let masters: [RedisServer]
    public let replicas: [RedisServer]
    /// The ids of the nodes, by their ports.
    private var ids: [UInt16: String] = [:]

    /// Runs the servers while `body` runs.
    public static func with(fsync: String = "everysec", _ body: @ServiceActor (ClusterServers) async throws -> Void) async throws {
        let cluster = try await start(fsync: fsync)
        let result: Result<Void, any Error>
        do { result = .success(try await body(cluster)) } catch { result = .failure(error) }
        try await cluster.stop()
        try result.get()
    }

    /// Starts a cluster, which its caller stops. Returns when it takes commands and the replicas follow.
    public static func start(fsync: String = "everysec") async throws -> ClusterServers {
        var nodes: [(server: RedisServer, port: UInt16)] = []
        do {
            for _ in 0..<6 {
                // The port of the cluster's own protocol is usually 10,000 higher, where there may be none.
                let port = try freePort()
                let options =
                    ["--cluster-enabled", "yes", "--cluster-port", String(port), "--cluster-node-timeout", "2000"]
                    + ["--cluster-require-full-coverage", "no", "--maxmemory", "8gb", "--maxmemory-policy", "noeviction"]
                nodes.append((try await RedisServer.start(fsync: fsync, extraConfig: options), port))
            }
            let cluster = ClusterServers(masters: nodes.prefix(3).map(\.server), replicas: nodes.suffix(3).map(\.server))
            try await cluster.join(nodes)
            return cluster
        } catch {
            for node in nodes { try? await node.server.stop() }
            throw error
        }
    }

    private init(masters: [RedisServer], replicas: [RedisServer]) { (self.masters, self.replicas) = (masters, replicas) }

    /// All nodes, the masters of the beginning first.
    public var all: [RedisServer] { masters + replicas }

    /// The URL of the cluster, by two of its nodes.
    public var url: String { "redis+cluster://127.0.0.1:\(masters[0].port),127.0.0.1:\(replicas[1].port)" }

    /// Ends all nodes and removes their data.
    public func stop() async throws { for server in all { try await server.stop() } }

    /// Sends a command to one node.
    @discardableResult
    public func send(_ command: String..., to server: RedisServer) async throws -> String { try await send(command, to: server) }

    /// Sends a command to one node, in the words of redis-cli.
    @discardableResult
    public func send(_ command: [String], to server: RedisServer) async throws -> String {
        let (_, output) = try await ChildProcess.run(["redis-cli", "-p", String(server.port)] + command)
        return output.hasSuffix("\n") ? String(output.dropLast()) : output
    }

    /// The master that has the slot of a key now.
    public func master(of key: String) async throws -> RedisServer {
        let slot = try await send("CLUSTER", "KEYSLOT", key, to: masters[0])
        for server in all where !server.hasEnded {
            let own = try await send("CLUSTER", "NODES", to: server).split(separator: "\n").first { $0.contains("myself,master") }
            if own?.split(separator: " ").dropFirst(8).contains(where: { Self.has($0, Int(slot) ?? -1) }) == true { return server }
        }
        throw TestFailure("no master has the slot of \(key)")
    }

    private static func has(_ range: Substring, _ slot: Int) -> Bool {
        let ends = range.split(separator: "-").compactMap { Int($0) }
        return ends.first.map { $0 <= slot && slot <= (ends.last ?? $0) } ?? false
    }

    /// Makes a replica the master, in good order. Redis gives up after 5 s, for example where another node is slow to vote, and then has to be told
    /// again.
    public func failOver(to replica: RedisServer) async throws {
        for _ in 0..<3 {
            let answer = try await send("CLUSTER", "FAILOVER", to: replica)
            // A replica that has become the master after all refuses to become it again.
            guard answer == "OK" || answer.contains("to a replica") else { throw TestFailure("CLUSTER FAILOVER: \(answer)") }
            do {
                return try await eventually(within: .seconds(6)) { try await send("ROLE", to: replica).hasPrefix("master") }
            } catch is DeadlineExceeded {
                continue
            }
        }
        throw TestFailure("\(replica.port) did not become a master")
    }

    /// Begins to move the slot of a key to another master. Keys of the slot go one by one.
    public func beginMove(of key: String, to target: RedisServer) async throws {
        let source = try await master(of: key)
        let slot = try await send("CLUSTER", "KEYSLOT", key, to: source)
        try await send("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[source.port] ?? "", to: target)
        try await send("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[target.port] ?? "", to: source)
    }

    /// Moves keys of a slot that is on its way.
    public func move(_ keys: [String], from source: RedisServer, to target: RedisServer) async throws {
        guard !keys.isEmpty else { return }
        let answer = try await send(["MIGRATE", "127.0.0.1", String(target.port), "", "0", "5000", "KEYS"] + keys, to: source)
        // Another client may have deleted a key meanwhile.
        guard ["OK", "NOKEY"].contains(answer) else { throw TestFailure("MIGRATE \(keys): \(answer)") }
    }

    /// Moves the slot of a key, with all of its keys, to another master while clients go on.
    public func moveSlot(of key: String, to target: RedisServer) async throws {
        let source = try await master(of: key)
        guard source.port != target.port else { return }
        let slot = try await send("CLUSTER", "KEYSLOT", key, to: source)
        try await beginMove(of: key, to: target)
        while true {
            let keys = try await send("CLUSTER", "GETKEYSINSLOT", slot, "10", to: source).split(separator: "\n").map(String.init)
            if keys.isEmpty { break }
            try await move(keys, from: source, to: target)
        }
        for server in [target, source] { try await send("CLUSTER", "SETSLOT", slot, "NODE", ids[target.port] ?? "", to: server) }
    }

    private func join(_ nodes: [(server: RedisServer, port: UInt16)]) async throws {
        for (number, node) in nodes.enumerated() {
            ids[node.server.port] = try await send("CLUSTER", "MYID", to: node.server)
            try await send("CLUSTER", "SET-CONFIG-EPOCH", String(number + 1), to: node.server)
        }
        for (master, range) in zip(masters, Self.ranges) {
            try await send("CLUSTER", "ADDSLOTSRANGE", String(range.0), String(range.1), to: master)
        }
        for node in nodes.dropFirst() {
            try await send("CLUSTER", "MEET", "127.0.0.1", String(node.server.port), String(node.port), to: nodes[0].server)
        }
        try await eventually { try await self.everyNode { $0.split(separator: "\n").count == 6 && !$0.contains("handshake") } }
        for (replica, master) in zip(replicas, masters) { try await send("CLUSTER", "REPLICATE", ids[master.port] ?? "", to: replica) }
        try await eventually {
            for replica in self.replicas {
                guard try await self.send("INFO", "replication", to: replica).contains("master_link_status:up") else { return false }
            }
            for server in self.all { guard try await self.send("CLUSTER", "INFO", to: server).contains("cluster_state:ok") else { return false } }
            return try await self.everyNode { nodes in nodes.split(separator: "\n").count { $0.contains("slave") } == 3 }
        }
    }

    private func everyNode(_ fits: (String) -> Bool) async throws -> Bool {
        for server in all { guard fits(try await send("CLUSTER", "NODES", to: server)) else { return false } }
        return true
    }
}
