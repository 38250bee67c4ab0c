internal import JSON
internal import Orders

/// The legs of a split order, or of an order that would be split, as rows.
enum LegTable {
    /// The legs of an order or of one of its events; none if there is only one.
    ///
    /// - Parameter order: an order with its amount in base units and in whole tokens. If nil, each leg shows its share and no input.
    static func lines(_ legs: [JSONValue], of order: JSONValue? = nil) -> [String] {
        guard legs.count > 1 else { return [] }
        let inputs = legs.map { units($0["quote"]?["amountIn"]) }
        let decimals = order?["amount"]?.string.flatMap { Self.decimals(of: units(order?["amountIn"]), as: $0) }
        var table = Table(["LEG", "VENUE", "SHARE"] + (decimals == nil ? [] : ["IN"]) + ["QUOTED", "RECEIVED", "STATUS", "TRANSACTION"])
        for (leg, input) in zip(legs, inputs) {
            table.add(
                [text(leg["leg"]), text(leg["quote"]?["dex"]), share(input, of: inputs)] + (decimals.map { [input.decimalText(decimals: $0)] } ?? [])
                    + [text(leg["quote"]?["amountOutDecimal"]), received(leg), text(leg["status"]), text(leg["txHash"])])
        }
        return table.lines
    }

    /// The legs of `split` in an answer of `GET /api/quotes`, for an amount in whole tokens.
    ///
    /// - Parameter width: the width of the terminal. On a narrow one the pools are left out first.
    static func lines(split: JSONValue, of amount: String, tokens: [String], width: Int? = nil) -> [String] {
        let legs = split["legs"]?.array ?? []
        let (inputs, outputs) = (legs.map { units($0["amountIn"]) }, legs.map { units($0["amountOut"]) })
        let decimals = (Self.decimals(of: sum(inputs), as: amount), Self.decimals(of: sum(outputs), as: split["amountOutDecimal"]?.string ?? ""))
        var table = Table("LEG", "SHARE", "\(tokens[0]) IN", "\(tokens[1]) OUT", "POOL")
        for (index, leg) in legs.enumerated() {
            let (input, output) = (
                decimals.0.map { inputs[index].decimalText(decimals: $0) }, decimals.1.map { outputs[index].decimalText(decimals: $0) }
            )
            table.add(text(leg["dex"]), share(inputs[index], of: inputs), input ?? "-", output ?? "-", text(leg["pool"]))
        }
        return table.lines(within: width, leavingOut: [4])
    }

    /// The amount that a leg has received, in whole tokens. The decimals are found from its quote, which has one amount in both forms.
    private static func received(_ leg: JSONValue) -> String {
        guard leg["amountOut"] != nil, let whole = leg["quote"]?["amountOutDecimal"]?.string,
            let decimals = decimals(of: units(leg["quote"]?["amountOut"]), as: whole)
        else { return "-" }
        return units(leg["amountOut"]).decimalText(decimals: decimals)
    }

    /// The number of fraction digits of a token, from an amount in base units and in whole tokens.
    private static func decimals(of units: BaseUnits, as whole: String) -> Int? {
        units.value == 0 ? nil : (0...18).first { (try? BaseUnits(decimal: whole, decimals: $0)) == units }
    }

    private static func share(_ part: BaseUnits, of parts: [BaseUnits]) -> String {
        let total = max(1, UInt128(sum(parts).value))
        let tenths = (UInt128(part.value) * 1000 + total / 2) / total
        return "\(tenths / 10).\(tenths % 10) %"
    }

    private static func sum(_ amounts: [BaseUnits]) -> BaseUnits {
        BaseUnits(UInt64(clamping: amounts.reduce(UInt128(0)) { $0 + UInt128($1.value) }))
    }

    private static func units(_ value: JSONValue?) -> BaseUnits { BaseUnits(value?.string.flatMap { UInt64($0) } ?? 0) }

    private static func text(_ value: JSONValue?) -> String { Terminal.cut(value?.string ?? value?.number ?? "-", to: 100) }
}

/// Shows the legs of an order's events only when they have changed.
struct LegProgress {
    private var last: [String] = []

    mutating func lines(_ event: JSONValue) -> [String] {
        let lines = LegTable.lines(event["legs"]?.array ?? [])
        guard lines != last else { return [] }
        last = lines
        return lines
    }
}
