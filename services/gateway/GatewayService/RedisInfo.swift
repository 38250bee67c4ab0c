/// What Redis answers to INFO.
struct RedisInfo: Sendable {
    private let values: [Substring: Substring]

    init(_ text: String) {
        var values: [Substring: Substring] = [:]
        for line in text.split(whereSeparator: { $0.isNewline }) {
            let pair = line.split(separator: ":", maxSplits: 1)
            if pair.count == 2 { values[pair[0]] = pair[1] }
        }
        self.values = values
    }

    subscript(_ name: Substring) -> String? { values[name].map { String($0) } }

    /// A share in per cent, whatever the numbers; 0 of nothing.
    static func percent(_ part: Int, of whole: Int) -> Int {
        guard part > 0, whole > 0 else { return 0 }
        return Int(clamping: Int128(part) * 100 / Int128(whole))
    }

    func number(_ name: Substring) -> Int? { values[name].flatMap { Int($0) } }
}
