public import Orders

/// The names of everything the engine keeps in Redis. Nothing else spells a key.
///
/// The partition is a hash tag, so that all keys that one script touches share a slot of Redis Cluster.
public struct Keys: Sendable {
    /// The partition, from 0.
    public let partition: Int
    private let orders: String
    private let chainPrefix: String

    /// Short names: a key ends in one, `entry` in an order's hash begins with one, and a dead letter tells its stream by one.
    enum Name {
        static let accepted = "accepted"
        static let routed = "routed"
        static let events = "events"
        static let retries = "retries"
    }

    /// The keys of one partition.
    public init(partition: Int) {
        self.partition = partition
        orders = "orders:{\(partition)}:"
        chainPrefix = "chain:{\(partition)}:"
    }

    /// Orders that wait for the router.
    public var accepted: String { orders + Name.accepted }
    /// Orders that wait for the executor.
    public var routed: String { orders + Name.routed }
    /// Every event, for Postgres.
    public var events: String { orders + Name.events }
    /// Entries that could not be handled.
    public var dead: String { orders + "dead" }
    /// Orders that wait for their next attempt, by the time it is due.
    public var retries: String { orders + Name.retries }
    /// Orders with a deadline, by that time.
    public var deadlines: String { orders + "deadlines" }
    /// Orders that have a time to live, by its end.
    public var leaving: String { orders + "leaving" }
    /// The highest time seen, in ms, and by how much the engine's time is ahead of Redis' own.
    public var clock: String { Self.clock(of: "{\(partition)}") }
    /// There while no new order is taken in: since when, and why.
    public var paused: String { orders + "paused" }
    /// What the key of every order begins with.
    public var orderPrefix: String { orders + "order:" }
    /// What the key of every user's list begins with.
    public var userPrefix: String { orders + "user:" }
    /// An order's life.
    public func order(_ id: OrderID) -> String { orderPrefix + id.description }
    /// A user's orders that Redis still has.
    public func user(_ user: UserID) -> String { userPrefix + user.text }

    /// The record of an idempotency key. The user's name is escaped, so that no two pairs of user and key share a record.
    public func idempotency(user: UserID?, key: String) -> String {
        var escaped = ""
        for character in (user?.text ?? "").unicodeScalars {
            switch character {
            case ":": escaped += "%3A"
            case "%": escaped += "%25"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return orders + "idem:" + escaped + ":" + key
    }

    /// The user and the idempotency key of a record, by what its key has after `idem:`; by bytes, as they are compared. Nil where there is no colon.
    static func recorded(_ name: Substring.UTF8View) -> (user: String, key: String)? {
        guard let colon = name.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        var user: [UInt8] = []
        var rest = name[..<colon]
        while let byte = rest.popFirst() {
            // A % is always followed by the two digits of what it stands for.
            let isColon = byte == UInt8(ascii: "%") && rest.popFirst() == UInt8(ascii: "3")
            if byte == UInt8(ascii: "%") { _ = rest.popFirst() }
            user.append(isColon ? UInt8(ascii: ":") : byte)
        }
        return (String(decoding: user, as: UTF8.self), String(decoding: name[name.index(after: colon)...], as: UTF8.self))
    }

    /// What a chain that keeps its ledger in Redis has under a name.
    public func chain(_ name: String) -> String { chainPrefix + name }

    /// The stream and its consumer group of a stage.
    public func source(of stage: Stage) -> String { stage == .router ? accepted : routed }

    /// The streams that consumer groups read, each with its group.
    var groups: [(stream: String, group: String)] {
        [(accepted, Stage.router.group), (routed, Stage.executor.group), (events, persistGroup)]
    }

    /// What every channel begins with.
    static let updatesPrefix = "updates:"
    /// What the channel of every user begins with.
    static let userUpdatesPrefix = updatesPrefix + "user:"
    /// The channel of an order's events.
    public static func updates(_ id: OrderID) -> String { updatesPrefix + id.description }
    /// A channel on which nothing is published: subscribing to it again and again keeps a subscriber's link alive.
    public static let silence = updatesPrefix + "silence"
    /// The channel of the events of all orders of a user.
    public static func updates(user: UserID) -> String { userUpdatesPrefix + user.text }
    /// The names of the processes that are alive, by the time of their last heartbeat.
    public static let services = "orders:{services}"
    /// What a process says of itself.
    public static func service(_ name: String) -> String { services + ":" + name }
    /// The clock of a slot, by the tag of its keys.
    static func clock(of tag: String) -> String { "orders:\(tag):clock" }
    /// First attempts of the last minute over all executors, and the counter that numbers them.
    public static let attempts = ["orders:{limits}:attempts", "orders:{limits}:attempt"]
    /// Whose turn it is to count what waits after a restart of Redis, and the run of Redis after whose start that was done.
    public static let recount = [agreement("recount"), agreement("recounted")]
    /// Whose turn it is to change the count of partitions, and nothing else: the agreement itself says what came of it.
    static let partitionChange = [agreement("change"), agreement("changed")]
    /// What all processes must agree on: the count of partitions, the seed of the mocks.
    public static func agreement(_ name: String) -> String { "orders:{agreed}:" + name }
}

extension Stage {
    /// The short name of the stream that the stage reads.
    public var stream: String { self == .router ? Keys.Name.accepted : Keys.Name.routed }
    /// The consumer group of the stage.
    public var group: String { rawValue }
}

/// The consumer group that writes events to Postgres.
public let persistGroup = "persist"
