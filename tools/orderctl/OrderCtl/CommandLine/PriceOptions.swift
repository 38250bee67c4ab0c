internal import JSON
internal import Orders

/// The options of an order that waits for a price.
struct PriceOptions: Sendable {
    private static let exclusive = ["--stop", "--take-profit", "--trail", "--sniper"]

    static let manual = [
        Manual.Option(name: "--limit PRICE", meaning: "sell at this price or better; with --stop the floor of the stop"),
        Manual.Option(name: "--stop PRICE", meaning: "wait until the price has moved against you this far"),
        Manual.Option(name: "--take-profit PRICE", meaning: "wait until it has moved in your favour this far"),
        Manual.Option(name: "--trail DISTANCE", meaning: "a stop that follows the best price: 200bps or 2%"),
        Manual.Option(name: "--sniper", meaning: "wait until the pair can take the amount at all"),
        Manual.Option(name: "--price-of TOKEN", meaning: "whose price it is, where neither token is USDC, USDT or SOL"),
        Manual.Option(name: "--tif WORD", meaning: "how long a limit is tried: gtc, gtd, ioc or fok"),
        expires, immediate,
    ]
    static let expires = Manual.Option(name: "--expires TIME", meaning: "when it stops waiting: 7d, 12h, 30m or an ISO time (90d)")
    static let immediate = Manual.Option(name: "--immediate", meaning: "place it even if its price is reached already")

    private let type: OrderType
    private let limit: String?
    private let trigger: String?
    private let trailingBps: Int?
    private let pricedToken: String?
    private let timeInForce: String?
    private let expiry: JSONValue?
    private let isImmediate: Bool

    init(_ arguments: inout Arguments) throws(Failure) {
        limit = try arguments.takeValue("--limit")
        let stop = try arguments.takeValue("--stop")
        let takeProfit = try arguments.takeValue("--take-profit")
        trailingBps = try arguments.takeDistance("--trail")
        let isSniper = arguments.takeFlag("--sniper")
        pricedToken = try arguments.takeValue("--price-of")
        timeInForce = try arguments.takeValue("--tif")
        expiry = try arguments.takeExpiry()
        isImmediate = arguments.takeFlag("--immediate")
        trigger = stop ?? takeProfit
        type = try Self.type(limit: limit != nil, [stop != nil, takeProfit != nil, trailingBps != nil, isSniper])
        let isModified = pricedToken != nil || timeInForce != nil || expiry != nil || isImmediate
        guard type != .market || !isModified else {
            throw Failure(.usage, "--price-of, --tif, --expires and --immediate go with --limit, --stop, --take-profit, --trail or --sniper")
        }
    }

    /// - Parameter given: which of the options in `exclusive` were given.
    private static func type(limit: Bool, _ given: [Bool]) throws(Failure) -> OrderType {
        let names = zip(exclusive, given).filter(\.1).map(\.0)
        guard names.count < 2 else {
            let hint = names == ["--stop", "--take-profit"] ? "; orderctl oco places both as a pair" : ""
            throw Failure(.usage, "\(names.joined(separator: " and ")) are different orders: give one of them\(hint)")
        }
        switch names.first {
        case "--stop": return limit ? .stopLimit : .stop
        case "--take-profit": return .takeProfit
        case .some(let name) where limit: throw Failure(.usage, "--limit does not go with \(name)")
        case "--trail": return .trailingStop
        case .some: return .sniper
        case nil: return limit ? .limit : .market
        }
    }

    /// Writes the members of the order; none for a market order.
    func write(to writer: inout JSONWriter) {
        guard type != .market else { return }
        writer.field("orderType", type.rawValue)
        writer.field("limitPrice", ifPresent: limit)
        writer.field("triggerPrice", ifPresent: trigger)
        writer.field("trailingBps", ifPresent: trailingBps)
        writer.field("priceToken", ifPresent: pricedToken)
        writer.field("timeInForce", ifPresent: timeInForce)
        writer.field("expiresAt", ifPresent: expiry)
        if isImmediate { writer.field("allowImmediate", true) }
    }
}

extension Arguments {
    /// Takes a distance, `200bps` or `2%`, as basis points.
    mutating func takeDistance(_ name: String) throws(Failure) -> Int? {
        guard let text = try takeValue(name) else { return nil }
        let (number, decimals) = text.hasSuffix("%") ? (text.dropLast(), 2) : text.hasSuffix("bps") ? (text.dropLast(3), 0) : ("", 0)
        guard let bps = try? BaseUnits(decimal: String(number), decimals: decimals), bps.value <= 10_000 else {
            throw Failure(.usage, "\(name) has to be a distance such as 200bps or 2%, not \"\(text)\"")
        }
        return Int(bps.value)
    }

    /// Takes `--expires` as the JSON value that the engine reads: seconds from now, or a time.
    mutating func takeExpiry() throws(Failure) -> JSONValue? {
        guard let text = try takeValue("--expires") else { return nil }
        if Timestamp.parse(text) != nil { return .string(text) }
        let seconds: [Character: Int] = ["d": 86_400, "h": 3600, "m": 60, "s": 1]
        guard let unit = text.last.flatMap({ seconds[$0] }), let count = Int(text.dropLast()), 1...1_000_000 ~= count else {
            throw Failure(.usage, "--expires has to be a time such as 7d, 12h, 30m or 2026-01-10T07:30:00Z, not \"\(text)\"")
        }
        return .number(String(count * unit))
    }
}
