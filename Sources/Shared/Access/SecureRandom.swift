/// Random numbers that nobody can guess. They are drawn in advance: asking for each one takes longer than most of what it is used for.
public struct SecureRandom: RandomNumberGenerator, Sendable {
    private static let drawn = 64

    private var numbers: [UInt64] = []

    /// A generator that has drawn nothing yet.
    public init() {}

    public mutating func next() -> UInt64 {
        if numbers.isEmpty { draw() }
        return numbers.removeLast()
    }

    private mutating func draw() {
        numbers = [UInt64](unsafeUninitializedCapacity: Self.drawn) { buffer, count in
            count = Self.drawn
            RandomBytes.fill(UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer.prefix(count))))
        }
    }
}
