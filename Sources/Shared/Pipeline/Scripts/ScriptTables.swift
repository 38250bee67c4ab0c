internal import JSON
internal import Orders

/// The tables that scripts get from Swift, as Lua: names, the state machine, and texts. Each is defined in one place. The text must come out the same
/// each time, because a script is found by its digest.
enum ScriptTables {
    /// The key of the clock, around the tag of a slot.
    static let clock = zip(["CLOCK_HEAD", "CLOCK_TAIL"], Keys.clock(of: "{}").split(separator: "{}")).map { local($0, quoted(String($1))) }.joined()

    /// How scripts publish on one server: the command, and what begins the names of the channels.
    static let channels =
        local("PUBLISH", quoted("PUBLISH")) + local("UPDATES", quoted(Keys.updatesPrefix)) + local("USER_UPDATES", quoted(Keys.userUpdatesPrefix))

    /// The same in a cluster. The names have the hash tag of the first key: a script may only publish to the slot of its keys.
    static let shardedChannels =
        local("PUBLISH", quoted("SPUBLISH"))
        + local("UPDATES", quoted(Keys.updatesPrefix) + " .. string.match(KEYS[1], '{%d+}') .. ':'")
        + local("USER_UPDATES", "UPDATES .. " + quoted(Keys.userPart))

    /// Names in Redis: streams with the groups that read them, and the set of retries.
    static let names =
        local("EVENTS", quoted(Keys.Name.events)) + local("RETRIES", quoted(Keys.Name.retries)) + local("WAITS", quoted(Keys.Name.waits))
        + local("DEADLINES", quoted(Keys.Name.deadlines))
        + local("SOURCE", table(Stage.allCases.map { ($0.group, quoted($0.stream)) }))
        + local("READER", table(Stage.allCases.map { ($0.stream, quoted($0.group)) }))

    /// What begins the names of an order's key, of the set of an account's open orders, and of a user's list.
    static let prefixes =
        local("ORDER", quoted(Keys.Name.order)) + local("OPEN", quoted(Keys.Name.open)) + local("USER", quoted(Keys.Name.user))

    /// The values of `p` in an order's hash. Without the field every event is stored. ANNOUNCED: an entry on the events stream stands for events that
    /// are not. REFUSED: Postgres has refused them, and dead letters stand for them.
    static let marks = local("ANNOUNCED", quoted("1")) + local("REFUSED", quoted("2"))

    /// The sentences that scripts write themselves.
    static let sentences = local(
        "SENTENCES",
        table(
            [
                ("pending", quoted(EventMessage.pending)), ("cancelled", quoted(EventMessage.cancelled)),
                ("otherFilled", quoted(EventMessage.otherFilled)), ("expired", quoted(EventMessage.expired)),
            ]
                + [FailureCode.deadlineExceeded, .poisoned].map { ($0.rawValue, quoted($0.sentence)) }))

    /// For each state its status, whether it is final, and else its stage.
    static let states =
        local("STATUS", table(OrderState.allCases.map { ($0.rawValue, quoted($0.status.rawValue)) }))
        + local("FINAL", flags(OrderState.allCases.filter(\.isFinal)))
        + local("STAGE", table(OrderState.allCases.compactMap { state in state.stage.map { (state.rawValue, quoted($0.group)) } }))

    /// For each step its source states and its target state, its flags, and the stream on which the order goes on.
    static let steps = local("STEPS", "{\n" + OrderStep.allCases.map { "  \($0.rawValue) = \(row($0)),\n" }.joined() + "}")

    /// The usual moves: source state, target state, flags, and the stream on which the order goes on.
    static let moves = local("MOVES", "{\n" + UsualMove.allCases.map { "  \($0.rawValue) = \(row($0)),\n" }.joined() + "}")

    private static func row(_ move: UsualMove) -> String {
        var members = [("from", quoted(move.source.rawValue)), ("to", quoted(move.target.rawValue))]
        members += [("finishes", move.finishes), ("isFirst", move.begins), ("expires", move.expires)].filter(\.1).map { ($0.0, "true") }
        if let next = move.handsOn { members.append(("handsOn", quoted(next.stream))) }
        return table(members)
    }

    private static func row(_ step: OrderStep) -> String {
        var members = [("from", flags(OrderState.allCases.filter(step.sources.contains))), ("to", quoted(step.target.rawValue))]
        members += [("begins", step.begins), ("finishes", step.finishes), ("startsOver", step.startsOver)].filter(\.1).map { ($0.0, "true") }
        if let next = step.handsOn { members.append(("handsOn", quoted(next.stream))) }
        return table(members)
    }

    private static func local(_ name: String, _ value: String) -> String { "local \(name) = \(value)\n" }

    private static func quoted(_ text: String) -> String { JSONWriter.value(text) }

    private static func flags(_ states: [OrderState]) -> String { table(states.map { ($0.rawValue, "true") }) }

    private static func table(_ members: [(String, String)]) -> String { "{ " + members.map { "\($0.0) = \($0.1)" }.joined(separator: ", ") + " }" }
}
