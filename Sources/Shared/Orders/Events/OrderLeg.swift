public import JSON

/// A part of an order that has a transaction of its own. An order that is not split has one, the whole.
public struct OrderLeg: Sendable, Hashable {
    /// How far a leg is.
    public enum Status: String, Sendable, Hashable, CaseIterable {
        /// Nothing was sent for it yet.
        case quoted
        /// Its transaction is sent.
        case submitted
        /// Filled. It stays so, whatever becomes of the others.
        case landed
        /// Its transaction can never fill; it is signed or quoted anew as long as the order has attempts left.
        case failed
    }

    /// The numbers that a leg may have: beyond any that it can get, and whoever counts on from there is far from overflow.
    public static let numbers = 0...1_000_000

    /// Its number within the order, from 0; never given again once a leg of the order has landed.
    public let number: Int
    /// What it swaps, and what it was to fetch.
    public let quote: Quote
    /// How far it is.
    public private(set) var status = Status.quoted
    /// Its newest transaction's signature.
    public private(set) var txHash: String?
    /// What it has fetched, once it has landed, in base units.
    public private(set) var amountOut: BaseUnits?
    /// `amountOut` in whole tokens.
    public private(set) var amountOutDecimal: String?

    /// A leg for which nothing was sent yet.
    public init(_ number: Int, _ quote: Quote) {
        self.number = number
        self.quote = quote
    }

    /// The leg with its transaction on the way.
    public func submitted(_ signature: String) -> OrderLeg {
        var leg = self
        (leg.status, leg.txHash) = (.submitted, signature)
        return leg
    }

    /// The leg when its transaction has landed: with what it has fetched of the order's output token.
    public func landed(_ amountOut: BaseUnits, of token: Token) -> OrderLeg {
        var leg = self
        (leg.status, leg.amountOut, leg.amountOutDecimal) = (.landed, amountOut, amountOut.decimalText(decimals: token.decimals))
        return leg
    }

    /// The leg when its transaction can never fill.
    public func failed() -> OrderLeg {
        var leg = self
        (leg.status, leg.amountOut, leg.amountOutDecimal) = (.failed, nil, nil)
        return leg
    }
}

extension OrderLeg: JSONWritable {
    /// Writes `{"leg","status","txHash","amountOut","amountOutDecimal","quote"}`, without what it has not got.
    public func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("leg", number)
            $0.field("status", status.rawValue)
            $0.field("txHash", ifPresent: txHash)
            $0.field("amountOut", ifPresent: amountOut)
            $0.field("amountOutDecimal", ifPresent: amountOutDecimal)
            $0.field("quote", quote)
        }
    }

    /// Reads what `write` has written.
    public init(json: JSONValue) throws(RecordError) {
        let record = Record("leg", json)
        self.init(try record.integer("leg", in: Self.numbers), try record.value("quote"))
        status = try record.value("status")
        txHash = try record.optional("txHash")
        amountOut = try record.optional("amountOut")
        amountOutDecimal = try record.optional("amountOutDecimal")
    }
}
