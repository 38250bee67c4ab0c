/// The names that the query of a route may have, each at most once.
struct QueryNames: Sendable {
    /// How many mistakes are listed.
    private static let maxTold = 8

    /// Nil for a route that allows any name.
    let names: [String]?

    /// What is wrong with a query. A parameter that nobody reads would not do what the client meant, and one that is given twice is ambiguous.
    func problem(_ target: RequestTarget) -> Problem? {
        guard let names, !target.rawQuery.isEmpty else { return nil }
        var errors: [Problem.BadField] = []
        var seen: [String] = []
        for (name, _) in target.query where errors.count < Self.maxTold {
            if !names.contains(where: { Self.isSame($0, name) }) {
                errors.append(Problem.BadField(field: Self.shown(name), message: Self.unknown(name, names)))
            } else if seen.contains(where: { Self.isSame($0, name) }) {
                errors.append(Problem.BadField(field: name, message: "must be given once"))
            }
            seen.append(name)
        }
        return errors.first.map { .badParameters(errors, alone: "The parameter \($0.field) \($0.message)") }
    }

    private static func unknown(_ name: String, _ names: [String]) -> String {
        if names.isEmpty { return "is not known here: this path takes none" }
        let folded = fold(name)
        if let meant = names.first(where: { fold($0) == folded }) { return "is not known here: the name is \(meant)" }
        return "is not known here: this path takes \(names.joined(separator: ", "))"
    }

    private static func fold(_ name: String) -> [UInt8] {
        name.utf8.filter { $0 != UInt8(ascii: "_") && $0 != UInt8(ascii: "-") }.map { 0x41...0x5A ~= $0 ? $0 | 0x20 : $0 }
    }

    private static func isSame(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }

    /// A name in a form that may be repeated to the client: short, and of visible ASCII.
    private static func shown(_ name: String) -> String {
        guard !name.isEmpty, name.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else { return "without a readable name" }
        return name.utf8.count <= 64 ? name : String(name.prefix(61)) + "..."
    }
}
