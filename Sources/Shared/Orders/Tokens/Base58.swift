/// Base58 with Bitcoin's alphabet, as Solana writes addresses and signatures.
public enum Base58 {
    private static let alphabet = Array("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".utf8)

    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 0xFF, count: 256)
        for (value, letter) in alphabet.enumerated() { values[Int(letter)] = UInt8(value) }
        return values
    }()

    /// The text of bytes; each leading zero byte is a leading `1`. Time grows with the square of the length.
    public static func encode(_ bytes: [UInt8]) -> String {
        let zeros = bytes.prefix { $0 == 0 }.count
        let digits = convert(bytes.dropFirst(zeros), from: 256, to: 58)
        return String(decoding: Array(repeating: alphabet[0], count: zeros) + digits.map { alphabet[Int($0)] }, as: UTF8.self)
    }

    /// The bytes of a text; nil if a character is not of the alphabet. Limit the length of text from outside first: time grows with its square.
    public static func decode(_ text: String) -> [UInt8]? {
        var digits: [UInt8] = []
        for letter in text.utf8 {
            let value = values[Int(letter)]
            guard value < 58 else { return nil }
            digits.append(value)
        }
        let zeros = digits.prefix { $0 == 0 }.count
        return Array(repeating: 0, count: zeros) + convert(digits.dropFirst(zeros), from: 58, to: 256)
    }

    /// Digits of one base as digits of another, both most significant first and without leading zeros.
    private static func convert(_ digits: ArraySlice<UInt8>, from base: UInt32, to target: UInt32) -> [UInt8] {
        var result: [UInt8] = []
        for digit in digits {
            var carry = UInt32(digit)
            for index in result.indices {
                carry += UInt32(result[index]) * base
                result[index] = UInt8(carry % target)
                carry /= target
            }
            while carry > 0 {
                result.append(UInt8(carry % target))
                carry /= target
            }
        }
        return result.reversed()
    }
}
