internal import Redis

/// What a script has left out, because Redis refused it: nothing is lost with it.
public struct ScriptOmission: Sendable, Equatable {
    /// The kinds.
    public enum Kind: String, Sendable {
        /// Messages were not published: whoever follows an order sees its event when the order is read again.
        case unpublished
        /// Orders could not be read, and stay as they are: they are looked at again.
        case unreadable
    }

    /// The kind.
    public let kind: Kind
    /// The script.
    public let script: String
    /// How many.
    public let count: Int
    /// Redis' own words, of the first one.
    public let reason: String
}

extension OrderPipeline {
    /// The answer of a script without the notes that may be around it: `{noted, unpublished, why, unreadable, why, answer}`.
    func answer(of script: RedisScript, _ reply: RedisValue) -> RedisValue {
        guard let parts = reply.array, parts.count == 6, parts[0].string == "noted" else { return reply }
        for (kind, index) in [(ScriptOmission.Kind.unpublished, 1), (.unreadable, 3)] {
            guard let count = parts[index].integer, count > 0 else { continue }
            onOmission?(ScriptOmission(kind: kind, script: script.name, count: Int(count), reason: parts[index + 1].string ?? ""))
        }
        return parts[5]
    }
}
