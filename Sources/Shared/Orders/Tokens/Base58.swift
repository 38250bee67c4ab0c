/// Base58 with Bitcoin's alphabet, as Solana writes addresses and signatures.
public enum Base58 {
    private static let alphabet = Array("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".utf8)

    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 0xFF, count: 256)
        for (value, letter) in alphabet.enumerated() { values[Int(letter)] = UInt8(value) }
        return values
    }()

    /// 58 to the power of five: as many letters as fit into 32 bits.
    private static let limb: UInt64 = 656_356_768
    private static let lettersOfLimb = 5

    /// The text of bytes; each leading zero byte is a leading `1`. Time grows with the square of the length.
    public static func encode(_ bytes: [UInt8]) -> String {
        let zeros = bytes.prefix { $0 == 0 }.count
        var text = limbs(of: bytes.dropFirst(zeros)).flatMap { letters(of: $0) }
        // The most significant limb may have fewer letters.
        while text.last == alphabet[0] { text.removeLast() }
        text += Array(repeating: alphabet[0], count: zeros)
        return String(decoding: text.reversed(), as: UTF8.self)
    }

    /// The number that the bytes write, in limbs, the least significant first. Four bytes are added at a time.
    private static func limbs(of bytes: ArraySlice<UInt8>) -> [UInt32] {
        var (limbs, rest): ([UInt32], _) = ([], bytes)
        while !rest.isEmpty {
            let word = rest.prefix((rest.count - 1) % 4 + 1)
            rest = rest.dropFirst(word.count)
            var carry = word.reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
            for index in limbs.indices {
                carry += UInt64(limbs[index]) << 32
                limbs[index] = UInt32(carry % limb)
                carry /= limb
            }
            while carry > 0 {
                limbs.append(UInt32(carry % limb))
                carry /= limb
            }
        }
        return limbs
    }

    private static func letters(of limb: UInt32) -> [UInt8] {
        var (rest, letters) = (Int(limb), [UInt8]())
        for _ in 0..<lettersOfLimb {
            letters.append(alphabet[rest % 58])
            rest /= 58
        }
        return letters
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
