public import JSON

/// A part of an order that has a transaction of its own. An order that is not split has one leg: the whole.
public struct OrderLeg: Sendable, Hashable {
    /// How far a leg is.
    public enum Status: String, Sendable, Hashable, CaseIterable {
        /// Nothing was sent for it yet.
        case quoted
        /// Its transaction is sent.
        case submitted
        /// Filled. The leg stays so, whatever becomes of the others.
        case landed
        /// Its transaction can never fill. The leg is signed or quoted again if the order has attempts left.
        case failed
    }

    /// The numbers that a leg may have. The engine never gets near the upper end, and counting on from there is far from overflow.
    public static let numbers = 0...1_000_000

    /// Its number within the order, from 0. Once a leg of the order has landed, no number is given again.
    public let number: Int
    /// The quote that it executes.
    public let quote: Quote
    /// How far it is.
    public private(set) var status = Status.quoted
    /// Its newest transaction's signature.
    public private(set) var txHash: String?
    /// What it has received, in base units; nil until it has landed.
    public private(set) var amountOut: BaseUnits?
    /// `amountOut` in whole tokens.
    public private(set) var amountOutDecimal: String?

    /// A leg for which nothing was sent yet.
    public init(_ number: Int, _ quote: Quote) {
        self.number = number
        self.quote = quote
    }

    /// The leg after its transaction was submitted.
    public func submitted(_ signature: String) -> OrderLeg {
        var leg = self
        (leg.status, leg.txHash) = (.submitted, signature)
        return leg
    }

    /// The leg after its transaction has landed, with the received amount of the order's output token.
    public func landed(_ amountOut: BaseUnits, of token: Token) -> OrderLeg {
        var leg = self
        (leg.status, leg.amountOut, leg.amountOutDecimal) = (.landed, amountOut, amountOut.decimalText(decimals: token.decimals))
        return leg
    }

    /// The leg after it is certain that its transaction can never fill.
    public func failed() -> OrderLeg {
        var leg = self
        (leg.status, leg.amountOut, leg.amountOutDecimal) = (.failed, nil, nil)
        return leg
    }
}

extension OrderLeg: JSONWritable {
    /// Writes `{"leg","status","txHash","amountOut","amountOutDecimal","quote"}`, without the keys that have no value.
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

    public init(json: JSONValue) throws(RecordError) {
        let record = Record("leg", json)
        self.init(try record.integer("leg", in: Self.numbers), try record.value("quote"))
        status = try record.value("status")
        txHash = try record.optional("txHash")
        amountOut = try record.optional("amountOut")
        amountOutDecimal = try record.optional("amountOutDecimal")
    }
}
