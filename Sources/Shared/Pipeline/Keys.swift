public import Orders

/// The names of all keys and channels that the engine has in Redis. No other type spells a key.
///
/// The partition is a hash tag, so that all keys that one script touches share a slot of Redis Cluster.
public struct Keys: Sendable {
    /// The partition, from 0.
    public let partition: Int
    private let orders: String
    private let chainPrefix: String

    /// Short names: a key ends in one, the place of an order names one, and a dead letter names its stream by one.
    enum Name {
        static let accepted = "accepted"
        static let routed = "routed"
        static let events = "events"
        static let retries = "retries"
        static let order = "o:"
        static let open = "open:"
        static let deadlines = "deadlines"
        static let waits = "waits"
        static let user = "user:"
    }

    public init(partition: Int) {
        self.partition = partition
        orders = "orders:{\(partition)}:"
        chainPrefix = "chain:{\(partition)}:"
    }

    /// Orders that wait for the router.
    public var accepted: String { orders + Name.accepted }
    /// Orders that wait for the executor.
    public var routed: String { orders + Name.routed }
    /// The orders with events that are not in Postgres yet.
    public var events: String { orders + Name.events }
    /// Entries that could not be handled.
    public var dead: String { orders + "dead" }
    /// Orders that wait for their next attempt, sorted by the time when it is due.
    public var retries: String { orders + Name.retries }
    /// What begins every key of the partition's orders.
    var head: String { orders }
    /// Orders with a deadline or an end of their wait, sorted by it.
    public var deadlines: String { orders + Name.deadlines }
    /// The names of the sets in which orders wait for a price.
    public var waits: String { orders + Name.waits }
    /// One of these sets: members are the key of a price, `:` and an order's id, and are sorted by it.
    func waits(_ set: WaitSet) -> String { waits + ":" + set.name }
    /// Orders with a time to live, sorted by its end.
    public var leaving: String { orders + "leaving" }
    /// The highest time seen, and how far the engine's time is ahead of Redis' own, both in ms.
    public var clock: String { Self.clock(of: "{\(partition)}") }
    /// The record of a pause: since when, and why. It exists while the partition takes no new orders.
    public var paused: String { orders + "paused" }
    /// The count of partitions by which a key has to be given this partition. It exists once that count has changed.
    public var placing: String { orders + "placing" }
    /// What is written so that there is something to wait for at the replicas.
    var barrier: String { orders + "barrier" }
    /// The prefix of the key of every order.
    public var orderPrefix: String { orders + Name.order }
    /// The prefix of the key of every user's list.
    public var userPrefix: String { orders + Name.user }
    /// The orders of an account that have not ended, where their number is limited.
    public func open(_ account: Account) -> String { orders + Name.open + account.text }
    /// The orders of an account that were accepted within the last minute, where their number is limited.
    public func recent(_ account: Account) -> String { orders + "recent:" + account.text }
    /// A pattern for the keys of the orders of all partitions.
    static let everyOrder = "orders:{[0-9]*}:" + Name.order + "*"
    /// The same for the form of orders before this one.
    static let everyEarlierOrder = "orders:{[0-9]*}:order:*"
    /// An order's hash.
    public func order(_ id: OrderID) -> String { orderPrefix + id.description }
    /// A user's orders that Redis still has.
    public func user(_ user: UserID) -> String { userPrefix + user.text }

    /// The record of an idempotency key. The scope is escaped, so that no two pairs of scope and key share a record.
    public func idempotency(_ scope: IdempotencyScope, key: String) -> String {
        var escaped = ""
        for character in scope.text.unicodeScalars {
            switch character {
            case ":": escaped += "%3A"
            case "%": escaped += "%25"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return orders + "idem:" + escaped + ":" + key
    }

    /// The scope and the idempotency key that a record's key names after `idem:`. Nil if there is no colon. Works on bytes, because Redis compares
    /// keys by bytes.
    static func recorded(_ name: Substring.UTF8View) -> (scope: IdempotencyScope, key: String)? {
        guard let colon = name.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        var scope: [UInt8] = []
        var rest = name[..<colon]
        while let byte = rest.popFirst() {
            // A % is always followed by two digits, and only `%3A` stands for a colon.
            let isColon = byte == UInt8(ascii: "%") && rest.popFirst() == UInt8(ascii: "3")
            if byte == UInt8(ascii: "%") { _ = rest.popFirst() }
            scope.append(isColon ? UInt8(ascii: ":") : byte)
        }
        return (IdempotencyScope(stored: String(decoding: scope, as: UTF8.self)), String(decoding: name[name.index(after: colon)...], as: UTF8.self))
    }

    /// The key of a chain that keeps its ledger in Redis, by its short name.
    public func chain(_ name: String) -> String { chainPrefix + name }

    /// The stream that a stage reads.
    public func source(of stage: Stage) -> String { stage == .router ? accepted : routed }

    /// The streams that consumer groups read, each with its group.
    var groups: [(stream: String, group: String)] { [(accepted, Stage.router.group), (routed, Stage.executor.group), (events, persistGroup)] }

    /// The prefix of every channel.
    static let updatesPrefix = "updates:"
    /// What stands before a user in the name of a channel.
    static let userPart = "user:"
    /// The prefix of the channel of every user on one server.
    static let userUpdatesPrefix = updatesPrefix + userPart
    /// The channel of an order's events on one server.
    public static func updates(_ id: OrderID) -> String { updatesPrefix + id.description }
    /// The channel of an order's events in a cluster. It is in the slot of the order.
    public static func shardedUpdates(_ id: OrderID) -> String { "\(updatesPrefix){\(id.partition)}:\(id)" }
    /// A channel on which nothing is published. Subscribing to it again and again keeps a subscriber's link to one server alive.
    public static let silence = updatesPrefix + "silence"
    /// The channel of the events of all orders of a user on one server.
    public static func updates(user: UserID) -> String { userUpdatesPrefix + user.text }
    /// The channel of the events of a user's orders of this partition in a cluster.
    public func shardedUpdates(user: UserID) -> String { "\(Self.updatesPrefix){\(partition)}:\(Self.userPart)\(user.text)" }
    /// The names of the processes that are alive, sorted by the time of their last heartbeat.
    public static let services = "orders:{services}"
    /// The names of the processes that serve a consumer group, sorted by the time of their last heartbeat.
    static func serving(_ group: String) -> String { services + ":serving:" + group }
    /// The secret keys that tokens of sockets are signed with, one for each day.
    static let tokens = "orders:{access}:tokens"
    /// The token bucket of a caller.
    static func bucket(_ name: String) -> String { "orders:{access}:bucket:" + name }
    /// The fields of a process' heartbeat.
    public static func service(_ name: String) -> String { services + ":" + name }
    /// The clock of a slot, for the hash tag of its keys.
    static func clock(of tag: String) -> String { "orders:\(tag):clock" }
    /// The prices of live venues that one process has published, by their names.
    static let prices = "orders:{prices}:marks"
    /// The names of those that are wanted, sorted by when somebody last asked.
    static let wantedPrices = "orders:{prices}:wanted"
    /// Prices that people have asked for, by the time of that.
    static let askedPrices = "orders:{prices}:asked"
    /// First attempts of the last minute over all executors, and the counter that numbers them.
    public static let attempts = ["orders:{limits}:attempts", "orders:{limits}:attempt"]
    /// Two keys: the process whose turn it is to count the entries that wait after a restart of Redis, and the run of Redis that was counted last.
    public static let recount = [agreement("recount"), agreement("recounted")]
    /// Two keys of the turn to change the count of partitions. The second stays empty: the agreement itself shows the result.
    static let partitionChange = [agreement("change"), agreement("changed")]
    /// A value on which all processes must agree: the count of partitions, the seed of the mocks.
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
