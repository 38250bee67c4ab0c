public import Redis

/// The scripts of the pipeline, from the `.lua` files in the folder `Lua`.
public enum Scripts {
    static let accept = script("accept", PackageResources.accept_lua, with: .orders, allowsFullMemory: false)
    static let step = script("step", PackageResources.step_lua, with: .steps)
    static let acceptMany = script("accept_many", PackageResources.accept_many_lua, with: .manyOrders, allowsFullMemory: false)
    static let beginMany = script("begin_many", PackageResources.begin_many_lua, with: .moves)
    static let advanceMany = script("advance_many", PackageResources.advance_many_lua, with: .moves)
    static let cancel = script("cancel", PackageResources.cancel_lua, with: .orders)
    static let promote = script("promote", PackageResources.promote_lua, with: .orders)
    static let fireMany = script("fire_many", PackageResources.fire_many_lua, with: .manyOrders)
    static let fire = script("fire", PackageResources.fire_lua, with: .steps)
    static let trail = script("trail", PackageResources.trail_lua, with: .orders)
    static let amend = script("amend", PackageResources.amend_lua, with: .orders)
    static let sweep = script("sweep", PackageResources.sweep_lua, with: .steps)
    static let hasten = script("hasten", PackageResources.hasten_lua, with: .orders)
    static let bury = script("bury", PackageResources.bury_lua, with: .orders)
    static let letters = script("letters", PackageResources.letters_lua)
    static let unbury = script("unbury", PackageResources.unbury_lua, with: .orders)
    static let drop = script("drop", PackageResources.drop_lua, with: .orders)
    static let claim = script("claim", PackageResources.claim_lua)
    static let overtake = script("overtake", PackageResources.overtake_lua)
    static let renew = script("renew", PackageResources.renew_lua)
    static let release = script("release", PackageResources.release_lua)
    static let stored = script("stored", PackageResources.stored_lua, with: .manyOrders)
    static let trim = script("trim", PackageResources.trim_lua)
    static let recount = script("recount", PackageResources.recount_lua)
    static let lost = script("lost", PackageResources.lost_lua)
    static let turn = script("turn", PackageResources.turn_lua)
    static let reap = script("reap", PackageResources.reap_lua)
    static let leaving = script("leaving", PackageResources.leaving_lua)
    static let user = script("user", PackageResources.user_lua, with: .orders)
    static let heartbeat = script("heartbeat", PackageResources.heartbeat_lua)
    static let lag = script("lag", PackageResources.lag_lua)
    static let allow = script("allow", PackageResources.allow_lua)
    static let agree = script("agree", PackageResources.agree_lua)
    static let group = script("group", PackageResources.group_lua)
    static let pause = script("pause", PackageResources.pause_lua)
    static let standing = script("standing", PackageResources.standing_lua, with: .orders)
    static let now = script("now", PackageResources.now_lua)
    static let rights = script("rights", PackageResources.rights_lua)
    static let tokens = script("tokens", PackageResources.tokens_lua)
    static let mark = script("mark", PackageResources.mark_lua)
    static let adopt = script("adopt", PackageResources.adopt_lua)
    static let charge = script("charge", PackageResources.charge_lua)
    static let placing = script("placing", PackageResources.placing_lua)
    static let exchange = script("exchange", PackageResources.exchange_lua)

    static let all = [
        accept, acceptMany, beginMany, advanceMany, step, cancel, promote, fireMany, fire, trail, amend, sweep, hasten, bury, letters, unbury, drop,
        claim, overtake, renew,
        release, stored, trim, recount, lost, turn, reap, leaving, user, heartbeat, lag, allow, agree, group, pause, standing, now, rights,
        tokens, mark, adopt, charge, placing, exchange,
    ]

    /// The functions and tables in front of a script. A run pays for the ones that it does not need.
    public enum Library: Sendable {
        /// Functions for writes, the time, and streams.
        case streams
        /// Those, functions to read and change an order, and the tables of its states.
        case orders
        /// Those, and the table of the steps.
        case steps
        /// The time, and functions to write many things in one call.
        case many
        /// Those, functions for many orders, and the tables of their states.
        case manyOrders
        /// Those, functions for what a consumer holds, and the table of the usual moves.
        case moves
    }

    /// A script with its library in front. One that may publish has another form for a cluster.
    ///
    /// - Parameter allowsFullMemory: whether the script runs when Redis is full. All but `accept` do, so that the orders inside can drain.
    public static func script(
        _ name: String, _ body: [UInt8], with library: Library = .streams, allowsFullMemory: Bool = true
    ) -> RedisScript {
        let header = allowsFullMemory ? "#!lua flags=allow-oom\n" : "#!lua\n"
        let rest = text(of: library) + text(body)
        switch library {
        case .many: return RedisScript(name: name, source: header + rest)
        case .streams: return RedisScript(name: name, source: header + ScriptTables.channels + rest)
        case .orders, .steps, .manyOrders, .moves:
            return RedisScript(name: name, source: header + ScriptTables.channels + rest, onCluster: header + ScriptTables.shardedChannels + rest)
        }
    }

    private static func text(of library: Library) -> String {
        switch library {
        case .streams: streams
        case .orders: streams + orders
        case .steps: streams + ScriptTables.steps + orders
        case .many: many
        case .manyOrders: manyOrders
        case .moves: manyOrders + ScriptTables.moves + text(PackageResources.holding_lua)
        }
    }

    private static let streams =
        ScriptTables.clock + ScriptTables.names
        + [PackageResources.writes_lua, PackageResources.clock_lua, PackageResources.streams_lua].map(text).joined()
    private static let many = ScriptTables.clock + [PackageResources.clock_lua, PackageResources.many_lua].map(text).joined()
    private static let manyOrders =
        many + ScriptTables.names + ScriptTables.prefixes + ScriptTables.marks + ScriptTables.states
        + text(PackageResources.many_orders_lua)
    private static let orders =
        ScriptTables.prefixes + ScriptTables.marks + ScriptTables.sentences + ScriptTables.states + text(PackageResources.orders_lua)

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
