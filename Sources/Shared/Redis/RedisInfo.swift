/// The answer of Redis to INFO.
public struct RedisInfo: Sendable {
    private let values: [Substring: Substring]

    /// Reads the answer. Lines that are no `name:value` are ignored.
    public init(_ text: String) {
        var values: [Substring: Substring] = [:]
        // "\r\n" is one character to Swift.
        for line in text.split(whereSeparator: { $0.isNewline }) {
            let pair = line.split(separator: ":", maxSplits: 1)
            if pair.count == 2 { values[pair[0]] = pair[1] }
        }
        self.values = values
    }

    /// The value of a name; nil if the server does not tell it or if it is empty.
    public subscript(_ name: Substring) -> String? { values[name].map { String($0) } }

    /// The value as a whole number; nil if it is none.
    public func number(_ name: Substring) -> Int? { values[name].flatMap { Int($0) } }

    /// The random id of the server's run. It changes when the server is restarted. Empty if the server does not tell.
    public var runID: String { self["run_id"] ?? "" }
    /// The version of the server, for example `7.0.15`. Empty if the server does not tell.
    public var version: String { self["redis_version"] ?? "" }

    /// Used memory in per cent of the limit, for numbers of any size; 0 if there is no limit or the server does not tell.
    public var memoryPercent: Int {
        guard let used = number("used_memory"), let limit = number("maxmemory"), used > 0, limit > 0 else { return 0 }
        return Int(clamping: Int128(used) * 100 / Int128(limit))
    }
}
