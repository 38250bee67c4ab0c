internal import Orders
internal import Redis

/// Everything that the user of the engine's connections must be allowed to do: every command with every kind of key or channel that it is used on.
struct Rights {
    /// A command with its arguments, as far as rights depend on them.
    let commands: [[String]]

    private static let nobody = UserID(stored: "nobody")
    private static let anyAccount = Account(owner: nil, user: nobody)
    private static let anyScope = IdempotencyScope(user: nobody)

    /// The commands on the keys of one partition, on the keys of all, and on the engine's channels; with a barrier also those of its waits.
    init(_ keys: Keys, onCluster: Bool = false, waits: ReplicaSettings? = nil) {
        var random = SystemRandomNumberGenerator()
        let order = OrderID(milliseconds: 0, partition: UInt8(truncatingIfNeeded: keys.partition), random: &random)
        var commands = Self.ofChannels(keys, order, onCluster: onCluster)
        for more in [Self.ofOrders(keys, order), Self.ofStreams(keys), Self.ofChain(keys), Self.ofProcesses, Self.ofClocks(keys)] { commands += more }
        if let waits { commands += [["SET", keys.barrier, "1"], waits.onDisk ? ["WAITAOF", "1", "1", "0"] : ["WAIT", "1", "0"]] }
        self.commands = commands
    }

    private static func ofChannels(_ keys: Keys, _ order: OrderID, onCluster: Bool) -> [[String]] {
        let single = [Keys.updates(order), Keys.updates(user: nobody), Keys.silence]
        let channels = onCluster ? [Keys.shardedUpdates(order), keys.shardedUpdates(user: nobody)] : single
        let shard = onCluster ? "S" : ""
        return channels.flatMap { [[shard + "PUBLISH", $0, ""], [shard + "SUBSCRIBE", $0], [shard + "UNSUBSCRIBE", $0]] }
    }

    private static func on(_ keys: [String], _ commands: [String]) -> [[String]] {
        // To these commands every further word is a key.
        keys.flatMap { key in commands.map { ["DEL", "EXISTS"].contains($0) ? [$0, key] : [$0, key, "0", "0"] } }
    }

    private static func ofOrders(_ keys: Keys, _ order: OrderID) -> [[String]] {
        on([keys.placing], ["GET", "SET", "DEL"])
            + on(
                [keys.order(order), keys.idempotency(anyScope, key: "none"), keys.paused],
                ["HGET", "HMGET", "HGETALL", "HLEN", "HSET", "HDEL", "PEXPIRE", "EXISTS", "DEL"])
            + [["PTTL", keys.idempotency(anyScope, key: "none")]]
            + on(
                [keys.retries, keys.deadlines, keys.leaving, keys.user(nobody), keys.open(anyAccount)],
                ["ZADD", "ZREM", "ZCARD", "ZCOUNT", "ZSCORE", "ZRANGEBYSCORE", "ZREVRANGEBYSCORE", "DEL"])
            + on([keys.waits], ["SADD", "SREM", "SCARD", "SMEMBERS", "DEL"])
            + on([keys.waits + ":none"], ["ZADD", "ZREM", "ZCARD", "ZSCORE", "ZRANGEBYLEX", "DEL"])
            + on([keys.recent(anyAccount)], ["ZADD", "ZCOUNT", "ZRANGEBYSCORE", "ZREMRANGEBYSCORE", "ZCARD", "EXISTS", "PEXPIRE", "DEL"])
    }

    private static func ofStreams(_ keys: Keys) -> [[String]] {
        let streams = [keys.accepted, keys.routed, keys.events, keys.dead]
        return on(streams, ["XADD", "XACK", "XCLAIM", "XDEL", "XLEN", "XPENDING", "XRANGE", "XREVRANGE", "XTRIM", "DEL"])
            + streams.flatMap { key in
                [
                    ["XREADGROUP", "GROUP", "g", "c", "STREAMS", key, ">"], ["XGROUP", "CREATE", key, "g", "0"],
                    ["XGROUP", "DELCONSUMER", key, "g", "c"], ["XGROUP", "SETID", key, "g", "0"], ["XINFO", "STREAM", key],
                    ["XINFO", "GROUPS", key], ["XINFO", "CONSUMERS", key, "g"],
                ]
            }
    }

    /// Every command that a chain runs on its keys in Redis.
    private static func ofChain(_ keys: Keys) -> [[String]] {
        on(
            [keys.chain("none")],
            [
                "HGET", "HMGET", "HGETALL", "HLEN", "HSET", "DEL", "ZADD", "ZREM", "ZCARD", "ZRANGEBYSCORE", "XADD", "XLEN", "XDEL", "XTRIM",
            ])
    }

    private static func ofClocks(_ keys: Keys) -> [[String]] {
        on([keys.clock] + ["{services}", "{limits}", "{agreed}"].map { Keys.clock(of: $0) }, ["HGET", "HSET", "HLEN"])
    }

    private static let ofProcesses: [[String]] =
        on([Keys.services, Keys.serving("none")], ["ZADD", "ZREM", "ZCARD", "ZRANGEBYSCORE", "ZREMRANGEBYSCORE"])
        + on([Keys.serving("none")], ["PEXPIRE"])
        + on([Keys.service("none")], ["HSET", "HLEN", "HGETALL", "PEXPIRE", "DEL"])
        + on([Keys.attempts[0]], ["ZADD", "ZREM", "ZCARD", "ZCOUNT", "ZRANGEBYSCORE", "ZREMRANGEBYSCORE", "EXISTS", "PEXPIRE"])
        + on([Keys.attempts[1]], ["GET", "SET", "EXISTS"])
        + on([Keys.prices], ["HMGET", "HSET", "PEXPIRE"])
        + on([Keys.wantedPrices, Keys.askedPrices], ["ZADD", "ZREMRANGEBYSCORE", "ZREVRANGEBYSCORE"])
        + on([Keys.tokens], ["HGETALL", "HKEYS", "HSETNX", "HDEL"]) + on([Keys.bucket("none")], ["HMGET", "HSET", "PEXPIRE"])
        + on([Keys.agreement("none")], ["GET", "SET", "DEL"]) + [
            ["SCAN", "0"], ["TIME"],
        ]
}

extension OrderPipeline {
    /// The commands of the engine that the connection's user may not run, each with its key or channel; empty if the user may run all.
    ///
    /// Asks Redis and runs none of them. Throws if it cannot ask: nothing works without the right to run scripts.
    public func missingRights() async throws(PipelineError) -> [String] {
        var missing: [String] = []
        for keys in [partitions.first, partitions.count > 1 ? partitions.last : nil].compactMap(\.self) {
            let commands = Rights(keys, onCluster: redis.isCluster, waits: barrier?.settings).commands
            let reply = try await run(Scripts.rights, keys: [], commands.flatMap { [String($0.count)] + $0 })
            guard let places = reply.array else { throw PipelineError(.unexpectedReply, "rights answered no list") }
            for place in places.map(\.count) where 1...commands.count ~= place {
                let name = Self.name(commands[place - 1])
                if !missing.contains(name) { missing.append(name) }
            }
        }
        return missing
    }

    /// The command with its subcommand and its key or channel, `XINFO STREAM orders:{0}:accepted`.
    private static func name(_ command: [String]) -> String {
        let names = command.filter { $0.contains(":") }
        let words = command.first.map { ["XGROUP", "XINFO"].contains($0) ? command.prefix(2) : command.prefix(1) } ?? []
        return (words + names).joined(separator: " ")
    }
}
