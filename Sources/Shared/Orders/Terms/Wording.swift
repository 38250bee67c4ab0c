/// The terms of an order in words, for people.
extension Order {
    private var pricedToken: Token { terms?.priced == .tokenOut ? tokenOut : tokenIn }
    private var priceUnit: Token { terms?.priced == .tokenOut ? tokenIn : tokenOut }

    /// The pair in the form `SOL/USDC`: the token whose price it is comes first.
    public var pair: String { "\(pricedToken.symbol)/\(priceUnit.symbol)" }

    /// A price of the order with its unit: `180 USDC`.
    public func words(_ price: PriceLevel) -> String { "\(price.text) \(priceUnit.symbol)" }

    /// What the order waits for, as the end of "Order waits for …".
    public func words(_ waiting: Waiting) -> String {
        switch waiting {
        case .price(let trigger): words(trigger.level)
        case .trailing(let trailing): words(trailing.trigger.level)
        case .liquidity(let amount): "a market that takes \(amount.decimalText(decimals: tokenIn.decimals)) \(tokenIn.symbol)"
        }
    }

    /// What will happen, in one sentence that a person can check: "Sell 1.5 SOL when SOL is at or above 180 USDC, for at least 270 USDC".
    public func sentence(_ waiting: Waiting?) -> String {
        guard let waiting else { return "\(deed)\(ending)" }
        return "\(deed) \(moment(waiting))\(ending)"
    }

    /// `Sell 1.5 SOL`, or `Spend 270 USDC on SOL`.
    private var deed: String {
        let given = amountIn.value == 0 ? "all that comes in, in \(tokenIn.symbol)," : "\(amount) \(tokenIn.symbol)"
        return terms?.priced == .tokenOut ? "Spend \(given) on \(tokenOut.symbol)" : "Sell \(given)" + (terms == nil ? " for \(tokenOut.symbol)" : "")
    }

    private func moment(_ waiting: Waiting) -> String {
        switch waiting {
        case .price(let trigger): "when \(pricedToken.symbol) is at or \(trigger.condition.rawValue) \(words(trigger.level))"
        case .trailing(let trailing):
            "when \(pricedToken.symbol) has \(terms?.priced == .tokenOut ? "risen" : "fallen") by "
                + "\(DecimalText.shortest(UInt128(trailing.bps), decimals: 2)) % from its best price, now at \(words(trailing.trigger.level))"
        case .liquidity: "as soon as there is " + words(waiting)
        }
    }

    private var ending: String {
        if let floor {
            let price = "at \(terms?.limitPrice.map(words) ?? "") or better"
            guard amountIn.value > 0 else { return (mayFillInPart ? ", or perhaps only a part, " : ", ") + price }
            let least = floor.leastOut(for: amountIn)?.decimalText(decimals: tokenOut.decimals) ?? "more than there is"
            return ", for at least \(least) \(tokenOut.symbol)" + (mayFillInPart ? ", or perhaps only a part, \(price)" : "")
        }
        let percent = DecimalText.shortest(UInt128(slippageBps), decimals: 2)
        return ", at the price of that moment, at most \(percent) % below its quote"
    }
}
