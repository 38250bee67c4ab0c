internal import CCrypto

/// A SHA-256 of something secret. Two are compared in a time that does not depend on where they differ.
public struct Digest: Sendable, Equatable {
    /// The 32 bytes, in their sequence in memory.
    private let words: SIMD4<UInt64>

    /// The SHA-256 of `secret`.
    init(of secret: [UInt8]) {
        var words = SIMD4<UInt64>()
        withUnsafeMutableBytes(of: &words) {
            guard ccrypto_sha256(secret, secret.count, $0.baseAddress) else { preconditionFailure("OpenSSL has no SHA-256") }
        }
        self.words = words
    }

    /// Reads 64 lower-case hexadecimal digits; nil for anything else.
    public init?(hex: String) {
        guard let bytes = Hex.decode(hex), bytes.count == Int(CCRYPTO_SHA256_LENGTH) else { return nil }
        words = bytes.withUnsafeBytes { $0.loadUnaligned(as: SIMD4<UInt64>.self) }
    }

    /// 64 lower-case hexadecimal digits.
    public var hex: String { withUnsafeBytes(of: words) { Hex.encode($0) } }

    /// The first eight bytes: a place in a table. Who tries keys learns nothing from it, because nobody can choose the digest of a key.
    var prefix: UInt64 { words[0].bigEndian }

    public static func == (left: Digest, right: Digest) -> Bool {
        withUnsafeBytes(of: left.words) { left in
            withUnsafeBytes(of: right.words) { right in ccrypto_equal(left.baseAddress, right.baseAddress, left.count) }
        }
    }
}

/// Random bytes for secrets.
enum RandomBytes {
    static func make(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            fill(UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer).prefix(count)))
            filled = count
        }
    }

    static func fill(_ buffer: UnsafeMutableRawBufferPointer) {
        guard ccrypto_random(buffer.baseAddress, buffer.count) else { preconditionFailure("the system has no random bytes") }
    }
}
