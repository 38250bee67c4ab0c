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

    func number(_ name: Substring) -> Int? { values[name].flatMap { Int($0) } }
}
