internal import Configuration

/// What a node of a cluster answers instead of carrying a command out. The command has not run.
enum Redirection: Equatable {
    /// Another node has the slot, from now on.
    case moved(RedisURL.Host)
    /// The slot is on its way to another node, which has this key already. It answers a command after ASKING.
    case ask(RedisURL.Host)
    /// The node cannot do it at the moment: keys of a slot are at two nodes, or the cluster elects a master.
    case wait

    private static let passing: Set<String> = ["TRYAGAIN", "CLUSTERDOWN", "LOADING", "MASTERDOWN"]

    /// Nil for an error that is not about where a key is. `asked` is the name of the node that has answered.
    init?(_ error: RedisError, asked: String) {
        guard let rejection = error.rejection else { return nil }
        switch rejection {
        case "MOVED", "ASK":
            guard let host = Self.host(error.message, asked) else { return nil }
            self = rejection == "MOVED" ? .moved(host) : .ask(host)
        case let prefix where Self.passing.contains(prefix): self = .wait
        // A script came to a key that was not among those that it was given, and that has gone ahead to the other node.
        case "ERR" where error.message.contains("non local key"): self = .wait
        default: return nil
        }
    }

    /// The slot that an answer is about: 3999 in `MOVED 3999 127.0.0.1:6381`; nil for an error that names none.
    static func slot(_ error: RedisError) -> Int? {
        guard ["MOVED", "ASK"].contains(error.rejection) else { return nil }
        return error.message.split(separator: " ").dropFirst().first.flatMap { Int($0) }
    }

    /// The address in `MOVED 3999 127.0.0.1:6381`. An IPv6 address has no brackets here.
    private static func host(_ text: String, _ asked: String) -> RedisURL.Host? {
        let words = text.split(separator: " ")
        guard words.count == 3, let colon = words[2].lastIndex(of: ":"), let port = UInt16(words[2][words[2].index(after: colon)...]) else {
            return nil
        }
        return RedisURL.Host(SlotMap.name(String(words[2][..<colon]), asked), port: port)
    }
}
