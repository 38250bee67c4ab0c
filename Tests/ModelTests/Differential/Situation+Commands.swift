import Orders

@testable import Pipeline

extension Situation {
    /// The commands that make the situation in an empty partition.
    func commands(_ keys: Keys) -> [[String]] {
        let fresh = isCopy ? [] : entries(keys) + hashCommands(keys) + lists(keys)
        return fresh + hold(keys)
    }

    /// Both entries, so that the entries of all cases have growing ids.
    private func entries(_ keys: Keys) -> [[String]] {
        [number, otherNumber].map { number in
            ["XADD", keys.source(of: stage), Grounds.entry(stage, number), "id", order.id.description, "round", String(round)]
        }
    }

    private func hold(_ keys: Keys) -> [[String]] {
        let entry = Grounds.entry(stage, number)
        func claim(_ consumer: String, _ deliveries: String) -> [[String]] {
            [["XCLAIM", keys.source(of: stage), stage.group, consumer, "0", entry, "RETRYCOUNT", deliveries, "FORCE", "JUSTID"]]
        }
        switch holding {
        case .first: return claim(Self.consumer, "1")
        case .again: return claim(Self.consumer, "2")
        case .stranger: return claim("another", "1")
        case .notAtAll: return []
        }
    }

    private func hashCommands(_ keys: Keys) -> [[String]] {
        let key = keys.order(order.id)
        switch hash {
        case .missing: return []
        case .otherType: return [["SET", key, "no order"]]
        case .usual, .withoutDetails, .unreadable:
            let leaves = life.state.isFinal && announced.isEmpty ? [["PEXPIRE", key, "3000000"]] : []
            return [["HSET", key] + fields.filter { !$0.value.isEmpty }.flatMap { [$0.name, $0.value] }] + leaves
        }
    }

    private var fields: [(name: String, value: String)] {
        let isRouted = ![.pending, .routing].contains(life.state)
        let transactions = life.state == .submitted ? SignedTransaction.json(SampleLife.transactions(order, attempt: life.attempt, life.route)) : ""
        let own: [(name: String, value: String)] = [
            ("s", hash == .unreadable ? "nowhere at all" : place), ("o", hash == .withoutDetails ? "" : order.json),
            ("f", "1-1 \(order.fingerprint)"), ("p", announced), ("d", starts), ("x", order.deadline.map(String.init) ?? ""),
            ("u", order.userId?.text ?? ""), ("h", account?.text ?? ""), ("t", transactions), ("v", isRouted ? life.route.openVenues : ""),
        ]
        return own + life.lines.map { (name: String($0.seq), value: $0.text) }
    }

    private func lists(_ keys: Keys) -> [[String]] {
        var commands: [[String]] = []
        if let deadline = order.deadline, !life.state.isFinal { commands.append(["ZADD", keys.deadlines, String(deadline), order.id.description]) }
        if let user = order.userId { commands.append(["ZADD", keys.user(user), "1", order.id.description]) }
        if let account, account != Grounds.uncounted, !life.state.isFinal {
            commands.append(["ZADD", keys.open(account), "1", order.id.description])
        }
        return commands
    }
}
