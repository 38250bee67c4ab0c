import TestSupport

/// Makes inputs of others by a few changes, the same in every run with one seed.
struct InputMutator {
    private static let maxBytes = 4096
    /// Texts that readers of numbers, of JSON and of UTF-8 may take wrong.
    private static let words: [[UInt8]] =
        [
            "0", "-1", "1e400", "0.1", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551615",
            "18446744073709551616", "9007199254740991", "4294967296", "null", "true", "{}", "[]", "\"\"", "\\u0000", "\\ud800", "%00", "%", "\r\n",
            ",", ":", "\u{1E}", "é", "\u{212A}",
        ].map { Array($0.utf8) } + [[0], [0x7F], [0x80], [0xC3], [0xED, 0xA0, 0x80], [0xFF], [0x88, 0x80], [0x81, 0xFE, 0xFF, 0xFF]]

    private var random: SeededGenerator
    private let corpus: [[UInt8]]

    init(seed: UInt64, corpus: [[UInt8]]) {
        random = SeededGenerator(seed: seed)
        self.corpus = corpus
    }

    /// The next input.
    mutating func next() -> [UInt8] {
        var input = corpus.randomElement(using: &random) ?? []
        for _ in 0..<Int.random(in: 1...4, using: &random) { change(&input) }
        return Array(input.prefix(Self.maxBytes))
    }

    private mutating func change(_ input: inout [UInt8]) {
        let place = Int.random(in: 0...input.count, using: &random)
        let end = Int.random(in: place...min(input.count, place + 16), using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: input.replaceSubrange(place..<end, with: Self.words.randomElement(using: &random) ?? [])
        case 1: input.insert(contentsOf: Self.words.randomElement(using: &random) ?? [], at: place)
        case 2: input.removeSubrange(place..<end)
        case 3: input.insert(contentsOf: input[place..<end], at: place)
        case 4: if place < input.count { input[place] ^= 1 << UInt8.random(in: 0..<8, using: &random) }
        default:
            let other = corpus.randomElement(using: &random) ?? []
            input.replaceSubrange(place..., with: other.suffix(from: min(place, other.count)))
        }
    }
}
