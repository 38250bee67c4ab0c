internal import CCrypto

/// A SHA-256 of something secret. Two are compared in a time that does not depend on where they differ.
public struct Digest: Sendable, Equatable {
    /// 32 bytes.
    let bytes: [UInt8]

    /// The SHA-256 of `secret`.
    init(of secret: [UInt8]) {
        bytes = [UInt8](unsafeUninitializedCapacity: Int(CCRYPTO_SHA256_LENGTH)) { buffer, count in
            guard ccrypto_sha256(secret, secret.count, buffer.baseAddress) else { preconditionFailure("OpenSSL has no SHA-256") }
            count = buffer.count
        }
    }

    /// Reads 64 lower-case hexadecimal digits; nil for anything else.
    public init?(hex: String) {
        guard let bytes = Hex.decode(hex), bytes.count == Int(CCRYPTO_SHA256_LENGTH) else { return nil }
        self.bytes = bytes
    }

    /// 64 lower-case hexadecimal digits.
    public var hex: String { Hex.encode(bytes) }

    /// The first eight bytes: a place in a table. Who tries keys learns nothing from it, because nobody can choose the digest of a key.
    var prefix: UInt64 { bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) } }

    public static func == (left: Digest, right: Digest) -> Bool { ccrypto_equal(left.bytes, right.bytes, left.bytes.count) }
}

/// Random bytes for secrets.
enum RandomBytes {
    static func make(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            guard ccrypto_random(buffer.baseAddress, count) else { preconditionFailure("the system has no random bytes") }
            filled = count
        }
    }
}
