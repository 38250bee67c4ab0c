public import JSON

/// A token that can be traded.
public struct Token: Sendable, Hashable {
    /// Its short name, for example `SOL`.
    public let symbol: String
    public let name: String
    /// Its mint address, base58 of 32 bytes. It identifies the token.
    public let mint: String
    /// Fraction digits of one whole token, 0 to 18.
    public let decimals: Int

    /// Makes a token. The caller has checked the fields.
    public init(symbol: String, name: String, mint: String, decimals: Int) {
        self.symbol = symbol
        self.name = name
        self.mint = mint
        self.decimals = decimals
    }

    /// The mint of wrapped SOL, the form in which SOL is traded.
    public static let wrappedSOL = "So11111111111111111111111111111111111111112"

    /// Addresses that wallets and lists write for SOL itself, which has no mint: with and without its last digit, and the system program's.
    private static let nativeSOL: Set = [
        "So11111111111111111111111111111111111111111", "So1111111111111111111111111111111111111111", "11111111111111111111111111111111",
    ]

    /// The mint that an address stands for: wrapped SOL for native SOL, any other for itself.
    static func wrapped(_ address: String) -> String { nativeSOL.contains(address) ? wrappedSOL : address }

    /// Whether a text is a mint address: base58 of 32 bytes.
    public static func isMint(_ text: String) -> Bool { (32...44).contains(text.utf8.count) && Base58.decode(text)?.count == 32 }
}

extension Token: JSONWritable {
    /// Writes `{"symbol","name","mint","decimals"}`.
    public func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("symbol", symbol)
            $0.field("name", name)
            $0.field("mint", mint)
            $0.field("decimals", decimals)
        }
    }

    init(json: JSONValue) throws(RecordError) {
        let record = Record("token", json)
        self.init(
            symbol: try record.value("symbol"), name: try record.value("name"), mint: try record.value("mint"),
            decimals: try record.integer("decimals", in: 0...18))
    }
}
