internal import CCrypto
public import Orders

/// The secret keys that tokens are signed with, by their numbers. Processes share them.
public struct TokenKeys: Sendable, Equatable {
    static let byteCount = 32

    /// The bytes of each key.
    public private(set) var keys: [UInt32: [UInt8]] = [:]

    public init() {}

    /// A new key as text, 64 hexadecimal digits.
    public static func random() -> String { Hex.encode(RandomBytes.make(byteCount)) }

    /// Adds a key. Returns false if its text is no key.
    @discardableResult
    public mutating func add(_ number: UInt32, _ text: String) -> Bool {
        guard let bytes = Hex.decode(text), bytes.count == Self.byteCount else { return false }
        keys[number] = bytes
        return true
    }
}

/// A token in the URL of a socket, for clients that cannot send a header: it lets its holder follow one order for a limited time.
///
/// It is a text of 80 hexadecimal digits: the number of its key (8), the second in which it ends (8), the order's id (32), and the first half of the
/// HMAC-SHA-256 of the digits before (32).
public enum OrderToken {
    private static let saidDigits = 48
    private static let codeDigits = 32

    /// A token; nil if there is no key of that number.
    ///
    /// - Parameter end: when it ends, in Unix seconds.
    public static func make(for order: OrderID, until end: UInt64, key number: UInt32, of keys: TokenKeys) -> String? {
        guard let key = keys.keys[number] else { return nil }
        var text: [UInt8] = []
        text.reserveCapacity(saidDigits + codeDigits)
        Hex.append(number, to: &text)
        Hex.append(UInt32(clamping: end), to: &text)
        for digit in order.description.utf8 where digit != UInt8(ascii: "-") { text.append(digit) }
        Hex.append(code(of: text[...], key), to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// The order that a token lets its holder follow; nil if it is not genuine or its time is over.
    ///
    /// - Parameter now: Unix milliseconds.
    public static func order(_ token: String, at now: UInt64, keys: TokenKeys) -> OrderID? {
        guard token.utf8.count == saidDigits + codeDigits, let bytes = Hex.decode(token), let key = keys.keys[number(bytes[0..<4])] else {
            return nil
        }
        let expected = code(of: Array(token.utf8.prefix(saidDigits))[...], key)
        let isGenuine = bytes[(saidDigits / 2)...].withUnsafeBytes { ccrypto_equal($0.baseAddress, expected, expected.count) }
        guard isGenuine, now / 1000 < UInt64(number(bytes[4..<8])) else { return nil }
        return OrderID(parsing: dashed(token.dropFirst(16).prefix(32)))
    }

    private static func code(of said: ArraySlice<UInt8>, _ key: [UInt8]) -> [UInt8] {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Int(CCRYPTO_SHA256_LENGTH)) { code in
            said.withUnsafeBytes { said in
                guard ccrypto_hmac_sha256(key, key.count, said.baseAddress, said.count, code.baseAddress) else {
                    preconditionFailure("OpenSSL has no HMAC")
                }
            }
            return Array(code.prefix(codeDigits / 2))
        }
    }

    /// The text of a UUID from its 32 digits.
    private static func dashed(_ digits: Substring) -> String {
        var text = ""
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { text.append("-") }
            text.append(digit)
        }
        return text
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 { bytes.reduce(0) { $0 << 8 | UInt32($1) } }
}
