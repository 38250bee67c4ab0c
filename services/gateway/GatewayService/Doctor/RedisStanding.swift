/// Whether the engine can work with Redis at all, and what to do if it cannot.
struct RedisStanding {
    /// Why the engine cannot work with Redis, with Redis' own words; nil if it can.
    let trouble: String?

    var diagnosis: Diagnosis {
        guard let trouble else { return Diagnosis("redis", .ok, "Redis answers, and its user may do all that the engine does") }
        return Diagnosis("redis", .fault, "\(trouble), and with it the engine cannot work", do: Self.advice(trouble))
    }

    /// A text that is part of Redis' words, and what to do then. The first match counts.
    private static let advices: [(sign: String, advice: String)] = [
        ("is away", "Start Redis, or see its log; the services find it by themselves."),
        (
            "gave no answer",
            "See whether Redis is stopped, swapped out or busy with a slow command (redis-cli SLOWLOG GET); the services go on by themselves."
        ),
        ("being prepared", "Ask again in a second."),
        ("count of partitions", "Ask again: that takes some seconds for each hundred thousand orders in Redis."),
        ("is stopping", "Ask again: another process answers."),
        ("under way in this process", "Run more of this service, or see why Redis is slow (redis_round_trip_seconds, redis-cli SLOWLOG GET)."),
        ("may not do", "Give the user of REDIS_URL its rights; docs/operations.md has the command. The services see it within seconds."),
        ("NOPERM", "Give the user of REDIS_URL its rights; docs/operations.md has the command. The services see it within seconds."),
        ("publish to the channel", "Give the user of REDIS_URL the channels: ACL SETUSER NAME &updates:*."),
        ("MOVED", Self.cluster), ("CROSSSLOT", Self.cluster), ("ASK ", Self.cluster),
        ("CLUSTERDOWN", "Some slots have no master: see CLUSTER INFO; the services go on by themselves once a replica has taken over."),
        ("READONLY", "Point the name in REDIS_URL at the master, or make this Redis one (REPLICAOF NO ONE); the services look the name up again."),
        ("MASTERDOWN", "Point the name in REDIS_URL at the master; the services look the name up again."),
        (
            "max number of clients",
            "Raise maxclients of Redis (and its limit of open files), or end clients that nobody needs (redis-cli CLIENT LIST)."
        ),
        ("DENIED", "Set a password for the default user and put it into REDIS_URL, or bind Redis to where only the engine reaches it."),
        ("WRONGPASS", "Correct user and password in REDIS_URL and start the services again."),
        ("NOAUTH", "Put the password into REDIS_URL and start the services again."),
        ("MISCONF", "See Redis' log and whether its disk is full; it takes no writes until it can save them."),
        ("LOADING", "Wait until Redis has read its file; the services go on by themselves."),
        ("BUSY", "A script runs for too long: redis-cli SLOWLOG GET, and SCRIPT KILL where it is none of the engine's."),
    ]

    private static let cluster = "This Redis is a node of a cluster: REDIS_URL has to be redis+cluster://, see docs/operations.md."

    private static func advice(_ trouble: String) -> String {
        advices.first { trouble.contains($0.sign) }?.advice ?? "What is in brackets are Redis' own words; see its log."
    }
}
