internal import Redis

/// Finds what is wrong with the settings of a Redis, from its INFO.
struct RedisChecks {
    let info: RedisInfo
    /// The value of `CONFIG GET appendfsync`; nil if Redis does not tell it, as a managed Redis may not.
    let appendfsync: String?
    /// Why Redis does not tell it, in Redis' own words if it gave any.
    var silence: String?
    /// How many replicas must have what is answered.
    var replicasNeeded = 0

    static let names = ["redis-version", "persistence", "eviction", "memory", "replicas"]

    var all: [Diagnosis] { [version, persistence, eviction, memory, replicas] }

    /// The pipeline needs functions of Redis 7: flags of scripts, and the lag of groups.
    private var version: Diagnosis {
        let text = info["redis_version"] ?? "?"
        let major = text.prefix { $0 != "." }
        guard let number = Int(major) else { return Diagnosis("redis-version", .unknown, "Redis does not tell its version") }
        guard number >= 7 else {
            return Diagnosis("redis-version", .fault, "Redis is version \(text), and the engine needs 7.0 or newer", do: "Upgrade Redis.")
        }
        return Diagnosis("redis-version", .ok, "Redis \(text)")
    }

    private var persistence: Diagnosis {
        func finding(_ verdict: Diagnosis.Verdict, _ text: String, do advice: String) -> Diagnosis {
            Diagnosis("persistence", verdict, text, do: advice)
        }
        guard info["aof_enabled"] == "1" else {
            return finding(
                .fault, "Redis keeps no append-only file: when it restarts, accepted orders are gone",
                do: "redis-cli CONFIG SET appendonly yes, then CONFIG SET appendfsync always; and put both into its configuration.")
        }
        guard info["aof_last_write_status"] != "err", info["aof_last_bgrewrite_status"] != "err" else {
            return finding(
                .fault, "Redis cannot write its append-only file", do: "See its log and whether its disk is full; it refuses orders until it can.")
        }
        guard let appendfsync else {
            let right = silence?.hasPrefix("NOPERM") == true ? " The right to ask is ACL SETUSER NAME +config|get." : ""
            return finding(
                .unknown, "Redis keeps an append-only file, but does not tell how it is synced" + (silence.map { ": \($0)" } ?? ""),
                do: "Make sure that appendfsync is always." + right)
        }
        guard appendfsync == "always" else {
            return finding(
                .warning, "appendfsync is \(appendfsync): a crash of Redis loses orders that were already answered with 202",
                do: "redis-cli CONFIG SET appendfsync always, and put it into its configuration.")
        }
        return finding(.ok, "every write is on disk before it is answered (appendfsync always)", do: "")
    }

    private var eviction: Diagnosis {
        guard let policy = info["maxmemory_policy"] else { return Diagnosis("eviction", .unknown, "Redis does not tell its eviction policy") }
        guard policy == "noeviction" else {
            return Diagnosis(
                "eviction", .fault, "the eviction policy is \(policy): when its memory is full, Redis throws orders away",
                do: "redis-cli CONFIG SET maxmemory-policy noeviction, and put it into its configuration; a full engine then refuses new orders.")
        }
        return Diagnosis("eviction", .ok, "nothing is evicted (noeviction)")
    }

    private var replicas: Diagnosis {
        func finding(_ verdict: Diagnosis.Verdict, _ text: String, do advice: String = "") -> Diagnosis {
            Diagnosis("replicas", verdict, text, do: advice)
        }
        guard replicasNeeded > 0 else { return finding(.ok, "no replica has to have anything (REDIS_REPLICAS is 0)") }
        guard let connected = info.number("connected_slaves") else { return finding(.unknown, "Redis does not tell its replicas") }
        guard connected >= replicasNeeded else {
            return finding(
                .fault, "\(connected) of \(replicasNeeded) replicas are there: no order can be answered, and no transaction sent",
                do: "Start them and see their logs, or lower REDIS_REPLICAS and start the services again.")
        }
        guard connected == replicasNeeded else {
            return finding(
                .warning, "of \(connected) replicas \(replicasNeeded) must have what is answered: one that takes over may be another",
                do: "Set REDIS_REPLICAS=\(connected) and start the services again, or take a replica away.")
        }
        return finding(.ok, "all \(connected) replicas must have what is answered")
    }

    private var memory: Diagnosis {
        guard let used = info.number("used_memory"), let limit = info.number("maxmemory") else {
            return Diagnosis("memory", .unknown, "Redis does not tell how much memory it uses")
        }
        let megabytes = "\(used / 1_048_576) MiB"
        guard limit > 0 else {
            return Diagnosis(
                "memory", .warning, "\(megabytes) used, without a limit: while Postgres is away Redis grows until its machine ends it",
                do: "redis-cli CONFIG SET maxmemory 2gb, or what the machine can spare, and put it into its configuration: "
                    + "at three quarters of it new orders are refused, and what is inside drains.")
        }
        let percent = info.memoryPercent
        guard percent <= 75 else {
            return Diagnosis(
                "memory", .fault, "\(megabytes) used, \(percent) % of the limit: from 75 % on new orders are refused",
                do: "Let the engine drain, scale what lags, or raise maxmemory.")
        }
        return Diagnosis("memory", .ok, "\(megabytes) used, \(percent) % of the limit")
    }
}
