internal import EventLoop

/// The finding about the replica that lists are read from.
@ServiceActor
struct ReplicaCheck {
    static let name = "postgres-replica"

    let lists: OrderLists

    var diagnosis: Diagnosis {
        guard lists.hasReplica else { return Diagnosis(Self.name, .ok, "lists are read from DATABASE_URL") }
        switch lists.standing {
        case .up: return Diagnosis(Self.name, .ok, "lists are read from the replica, which is \(lists.behind?.millisecondsRoundedUp ?? 0) ms behind")
        case .unknown: return Diagnosis(Self.name, .unknown, "the replica has not been looked at yet")
        case .down(let reason):
            return Diagnosis(
                Self.name, .warning, "lists are read from DATABASE_URL, because of the replica (DATABASE_READ_URL): \(reason)",
                do: "See pg_stat_replication at the primary and the log of the replica; it is used again by itself once it keeps up.")
        }
    }
}
