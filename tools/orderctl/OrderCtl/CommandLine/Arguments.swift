/// The words of a command line that were not taken yet.
struct Arguments: Sendable {
    /// Words before a `--`: options and operands.
    private var words: [String]
    /// Words after a `--`: operands, even if they look like options.
    private var operandsOnly: [String]

    init(_ words: [String]) {
        let end = words.firstIndex(of: "--") ?? words.endIndex
        self.words = Array(words[..<end])
        operandsOnly = Array(words[end...].dropFirst())
    }

    /// Takes an option without a value, even if it was given several times. Returns whether it was given.
    mutating func takeFlag(_ names: String...) -> Bool {
        let count = words.count
        words.removeAll { names.contains($0) }
        return words.count < count
    }

    /// Takes an option with a value, `--name value` or `--name=value`; nil if it was not given.
    mutating func takeValue(_ name: String) throws(Failure) -> String? {
        var value: String?
        while let index = words.firstIndex(where: { $0 == name || $0.hasPrefix(name + "=") }) {
            guard value == nil else { throw Failure(.usage, "\(name) was given twice; give it once") }
            if words[index] == name {
                guard index + 1 < words.count else { throw Failure(.usage, "\(name) needs a value, as in \(name) VALUE") }
                value = words[index + 1]
                words.removeSubrange(index...index + 1)
            } else {
                value = String(words.remove(at: index).dropFirst(name.count + 1))
            }
            if value?.isEmpty == true { throw Failure(.usage, "\(name) needs a value, as in \(name) VALUE") }
        }
        return value
    }

    /// Takes an option whose value is a whole number within a range.
    mutating func takeNumber(_ name: String, in range: ClosedRange<Int>) throws(Failure) -> Int? {
        guard let text = try takeValue(name) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw Failure(.usage, "\(name) has to be a whole number from \(range.lowerBound) to \(range.upperBound), not \"\(text)\"")
        }
        return number
    }

    /// The words at the front that are no options. They may name the command.
    var leadingOperands: [String] { Array(words.prefix { !$0.hasPrefix("-") }) }

    /// Removes words from the front.
    mutating func dropFirst(_ count: Int) { words.removeFirst(count) }

    /// Takes all operands. Throws if an option is left, because then it is unknown.
    mutating func takeOperands() throws(Failure) -> [String] {
        if let unknown = words.first(where: { $0.hasPrefix("-") && $0 != "-" }) {
            throw Failure(.usage, "There is no option \(unknown) here; --help lists those there are")
        }
        defer { (words, operandsOnly) = ([], []) }
        return words + operandsOnly
    }
}
