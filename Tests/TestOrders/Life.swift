public import Orders
import TestSupport
public import Testing

/// The life of an order: its stored lines, and the events that clients see as texts, from `Tests/Oracles/order-lives.txt`.
public struct Life: Sendable, CustomTestStringConvertible {
    public let testDescription: String
    public let order: Order
    public let lines: [String]
    public let texts: [String]

    /// All lives, by name.
    public static let all: [Life] = read(contents(of: packageRoot + "/Tests/Oracles/order-lives.txt"))

    public static func named(_ name: String) throws -> Life { try #require(all.first { $0.testDescription == name }) }

    /// The fold of the lines up to a seq; all of them without one.
    public func fold(upTo seq: Int? = nil) throws -> OrderFold {
        var fold = OrderFold(order)
        for line in lines.prefix(seq ?? lines.count) { try fold.add(Substring(line)) }
        return fold
    }

    private static func read(_ text: String) -> [Life] {
        var names: [(name: String, text: String)] = []
        var lives: [[(kind: Substring, text: String)]] = []
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            if line.hasPrefix("<"), let end = line.firstIndex(of: ">") {
                names.append((String(line[...end]), String(line[end...].dropFirst(2))))
                continue
            }
            let kind = line.prefix { $0 != " " }
            let rest = names.reduce(String(line.dropFirst(kind.count + 1))) { $0.replacing($1.name, with: $1.text) }
            if kind == "life" { lives.append([]) }
            lives[lives.count - 1].append((kind, rest))
        }
        return lives.compactMap(Life.init)
    }

    private init?(_ rows: [(kind: Substring, text: String)]) {
        func texts(_ kind: Substring) -> [String] { rows.filter { $0.kind == kind }.map(\.text) }
        guard let name = texts("life").first, let details = texts("order").first, let order = try? Order(json: details) else { return nil }
        testDescription = name
        self.order = order
        lines = texts(">")
        self.texts = texts("=")
    }
}
