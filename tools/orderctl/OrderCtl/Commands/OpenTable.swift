internal import JSON
internal import Orders

/// Shows orders that wait, with their distance to what they wait for.
enum OpenTable {
    static func lines(_ orders: [JSONValue], width: Int?) -> [String] {
        var table = Table("ORDER", "CREATED", "SWAP", "TYPE", "WAITS FOR", "MARK", "DISTANCE", "EXPIRES")
        for order in orders {
            func text(_ name: String) -> String { Terminal.cut(order[name]?.string ?? "-", to: 64) }
            table.add(
                text("orderId"), text("createdAt").withoutFraction, OrderText.swap(order), text("orderType"), OrderText.waitsFor(order) ?? "-",
                text("mark"), distance(order) ?? "-", text("expiresAt").withoutFraction)
        }
        // On a narrow terminal these columns are left out first: time, end, mark and type.
        return table.lines(within: width, leavingOut: [1, 7, 5, 3])
    }

    /// How far the price has to move, with its direction: `+1.5 %`. Nil if it is not known.
    private static func distance(_ order: JSONValue) -> String? {
        guard let bps = order["distanceBps"]?.integer.flatMap({ UInt64(exactly: $0) }), let mark = price(order["mark"]),
            let goal = price(order["waitsFor"])
        else { return nil }
        let sign = bps == 0 ? "" : goal > mark ? "+" : "-"
        return "\(sign)\(BaseUnits(bps).decimalText(decimals: 2)) %"
    }

    private static func price(_ value: JSONValue?) -> PriceLevel? { value?.string.flatMap { try? PriceLevel(decimal: $0) } }
}

extension String {
    /// A timestamp without its fraction of a second and what follows.
    fileprivate var withoutFraction: String { String(prefix { $0 != "." }) }
}
