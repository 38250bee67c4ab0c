internal import Orders
internal import Pipeline

/// Finds what is wrong with the flow of orders, from one sample of the lag and the replicas that are alive.
struct PipelineChecks {
    static let names = ["services", "partitions", "access", "groups", "backlog", "postgres-behind", "dead-letters", "door"]
    /// An entry that waits longer than this is a fault.
    static let longestWaitMs: UInt64 = 30_000
    /// An event that is not stored for longer than this is a fault. Postgres is always a batch behind.
    static let longestStoreMs: UInt64 = 5_000
    private static let expected = [("accepted", "router", "router"), ("routed", "executor", "executor"), ("events", "persist", "notifier")]

    let lag: PipelineLag
    /// Replicas alive by service.
    let alive: [String: Int]
    /// Processes that are alive and cannot work, with the reason.
    var troubles: [String] = []
    /// Over how many partitions orders are shared out.
    let partitions: PartitionStanding
    /// Processes that are alive and ask for no API keys, while others do.
    var openBesideKeyed: [String] = []

    var all: [Diagnosis] { [services, sharing, access, groups, backlog, postgresBehind, deadLetters, paused] }

    private var services: Diagnosis {
        let missing = ["gateway", "router", "executor", "notifier"].filter { alive[$0, default: 0] == 0 }
        guard missing.isEmpty else {
            return Diagnosis(
                "services", .fault, "no \(missing.joined(separator: ", no ")) is alive",
                do: "Start one, and see its log for why it ended (docker compose up --detach, or make up).")
        }
        guard troubles.isEmpty else {
            return Diagnosis(
                "services", .fault, "alive, but cannot work with Redis: \(troubles.joined(separator: "; "))",
                do: "See the finding on redis; each service has the user and the address of its own REDIS_URL.")
        }
        return Diagnosis("services", .ok, alive.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", "))
    }

    private var sharing: Diagnosis {
        let (name, late) = ("partitions", partitions.waitingFor.joined(separator: ", "))
        if let target = partitions.growingTo {
            return Diagnosis(
                name, .warning, "the engine grows from \(partitions.count) to \(target) partitions\(late.isEmpty ? "" : " and waits for \(late)")",
                do: "This takes seconds. A process that does not follow is of an earlier version, or cannot use Redis: see its log.")
        }
        guard late.isEmpty else {
            return Diagnosis(
                name, .fault, "of another version, or with another count of partitions: \(late)",
                do: "Stop them: they cannot work on these orders, and may put aside what they do not know (orderctl dead list).")
        }
        guard partitions.outdated.isEmpty else {
            return Diagnosis(
                name, .warning, "started with another PARTITIONS than \(partitions.count): \(partitions.outdated.joined(separator: ", "))",
                do: "They have grown with the engine. Set PARTITIONS=\(partitions.count) for the next time they are started.")
        }
        return Diagnosis(name, .ok, partitions.count == 1 ? "one partition" : "\(partitions.count) partitions")
    }

    private var access: Diagnosis {
        guard openBesideKeyed.isEmpty else {
            return Diagnosis(
                "access", .fault, "without API keys beside others with them: \(openBesideKeyed.joined(separator: ", "))",
                do: "Start them again with the API_KEYS_FILE of the others: whoever reaches them may do everything.")
        }
        return Diagnosis("access", .ok, "all processes ask for API keys, or none")
    }

    private var groups: Diagnosis {
        var missing: [String] = []
        var starters: Set<String> = []
        for stream in lag.streams {
            for (name, group, service) in Self.expected where name == stream.stream && !stream.groups.contains(where: { $0.name == group }) {
                missing.append("\(group) of \(stream.key)")
                starters.insert(service)
            }
        }
        guard missing.isEmpty else {
            return Diagnosis(
                "groups", .fault, "missing consumer group: \(missing.joined(separator: ", "))",
                do: "A running \(starters.sorted().joined(separator: " and ")) makes it again within seconds and reads from the first entry on; "
                    + "start one. Then find out who removed it.")
        }
        return Diagnosis("groups", .ok, "every stream has its consumer group")
    }

    private var backlog: Diagnosis {
        let late = lag.streams.filter { $0.stream != "events" }.flatMap { stream in
            stream.groups.filter { $0.oldestWaitingMs > Self.longestWaitMs }.map {
                "\($0.lagKnown ? "" : "at least ")\($0.lag) on \(stream.stream), the oldest \($0.oldestWaitingMs / 1000) s"
            }
        }
        guard late.isEmpty else {
            return Diagnosis(
                "backlog", .warning, "orders wait: \(late.joined(separator: "; "))",
                do: "Scale the routers for accepted, the executors for routed; orderctl lag --watch shows whether it helps.")
        }
        let bound = lag.maxBacklog > lag.backlog ? "at least " : ""
        return Diagnosis("backlog", .ok, "\(bound)\(lag.backlog) waiting for a router")
    }

    private var postgresBehind: Diagnosis {
        let groups = lag.streams.filter { $0.stream == "events" }.flatMap(\.groups)
        let behind = groups.reduce(0) { $0 + $1.lag + $1.pending }
        let age = groups.map { max($0.oldestWaitingMs, $0.oldestPendingMs) }.max() ?? 0
        guard age <= Self.longestStoreMs else {
            return Diagnosis(
                "postgres-behind", .fault, "Postgres is behind by \(behind) events, the oldest \(age / 1000) s old",
                do: "See the notifiers' logs and Postgres' (locks, disk); nothing is lost meanwhile. Where it is only load, scale the notifiers.")
        }
        return Diagnosis("postgres-behind", .ok, behind == 0 ? "Postgres has all events" : "Postgres has all events but the newest \(behind)")
    }

    private var deadLetters: Diagnosis {
        guard lag.deadLetters == 0 else {
            return Diagnosis(
                "dead-letters", .warning, "\(lag.deadLetters) \(lag.deadLetters == 1 ? "entry" : "entries") could not be handled",
                do: "orderctl dead list tells why; docs/operations.md what to do.")
        }
        return Diagnosis("dead-letters", .ok, "no dead letters")
    }

    private var paused: Diagnosis {
        guard let pause = lag.pause else { return Diagnosis("door", .ok, "new orders are taken") }
        let since = Timestamp.text(milliseconds: pause.since)
        return Diagnosis(
            "door", .warning, "no new orders are taken since \(since)\(pause.reason.isEmpty ? "" : " (\(pause.reason))")",
            do: "orderctl resume, when it is time.")
    }
}
