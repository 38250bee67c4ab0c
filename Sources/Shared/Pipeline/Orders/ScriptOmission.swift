internal import Redis

/// A thing that a script left out because Redis refused it. No order is lost by it.
public struct ScriptOmission: Sendable, Equatable {
    /// The kinds of omission.
    public enum Kind: String, Sendable {
        /// Messages were not published. A subscriber sees the event when it reads the order again.
        case unpublished
        /// Orders could not be read. They stay as they are, and the script looks at them again later.
        case unreadable
    }

    public let kind: Kind
    public let script: String
    public let count: Int
    /// Redis' own words for the first one.
    public let reason: String
}

extension OrderPipeline {
    /// The answer of a script without the notes that may be around it: `{noted, unpublished, reason, unreadable, reason, answer}`.
    func answer(of script: RedisScript, _ reply: RedisValue) -> RedisValue {
        guard let parts = reply.array, parts.count == 6, parts[0].string == "noted" else { return reply }
        for (kind, index) in [(ScriptOmission.Kind.unpublished, 1), (.unreadable, 3)] {
            guard let count = parts[index].integer, count > 0 else { continue }
            onOmission?(ScriptOmission(kind: kind, script: script.name, count: Int(count), reason: parts[index + 1].string ?? ""))
        }
        return parts[5]
    }
}
