public import JSON

/// A signed transaction of one leg of an order. It is stored before it is sent, and it is sent again unchanged.
public struct SignedTransaction: Sendable, Hashable {
    /// The leg; 0 if the order is not split.
    public let leg: Int
    public let attempt: Int
    /// Base58 of 64 bytes: the transaction's identity on the chain.
    public let signature: String
    /// The bytes that are sent, base58.
    public let bytes: String
    /// The last slot in which it may land.
    public let lastValidSlot: UInt64
    /// The quote that it executes.
    public let quote: Quote
    /// The minimum output that it may land with, in base units.
    public let minOut: BaseUnits

    public init(leg: Int, attempt: Int, signature: String, bytes: String, lastValidSlot: UInt64, quote: Quote, minOut: BaseUnits) {
        self.leg = leg
        self.attempt = attempt
        self.signature = signature
        self.bytes = bytes
        self.lastValidSlot = lastValidSlot
        self.quote = quote
        self.minOut = minOut
    }

    /// The text of a list of transactions, as the order's hash has it.
    public static func json(_ transactions: [SignedTransaction]) -> String {
        JSONWriter.array { writer in
            for transaction in transactions { transaction.write(to: &writer) }
        }
    }

    /// Reads a text that `json` wrote. An empty text is an empty list. Nil if the text is anything else.
    public static func list(_ text: String) -> [SignedTransaction]? {
        guard !text.isEmpty else { return [] }
        guard let elements = (try? JSONValue.parse(text))?.array else { return nil }
        var transactions: [SignedTransaction] = []
        for element in elements {
            guard let transaction = SignedTransaction(json: element) else { return nil }
            transactions.append(transaction)
        }
        return transactions
    }

    private init?(json: JSONValue) {
        guard let leg = json["leg"]?.integer, OrderLeg.numbers ~= Int(leg), let attempt = json["attempt"]?.integer, 1...1_000_000 ~= attempt,
            let signature = json["signature"]?.string, let bytes = json["bytes"]?.string,
            let slot = json["lastValidSlot"]?.integer.flatMap({ UInt64(exactly: $0) }), let minOut = json["leastOut"]?.string,
            let units = BaseUnits(units: minOut), let value = json["quote"], let quote = try? Quote(json: value)
        else { return nil }
        self.init(leg: Int(leg), attempt: Int(attempt), signature: signature, bytes: bytes, lastValidSlot: slot, quote: quote, minOut: units)
    }
}

extension SignedTransaction: JSONWritable {
    public func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("leg", leg)
            $0.field("attempt", attempt)
            $0.field("signature", signature)
            $0.field("bytes", bytes)
            $0.field("lastValidSlot", lastValidSlot)
            $0.field("leastOut", minOut)
            $0.field("quote", quote)
        }
    }
}
