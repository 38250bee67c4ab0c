/// Natural numbers of any size, written plainly to check the engine's own arithmetic against.
struct WideInteger: Comparable {
    private var limbs: [UInt32]

    private init(limbs: [UInt32]) {
        self.limbs = limbs
        while self.limbs.last == 0 { self.limbs.removeLast() }
    }

    init(_ value: UInt64) { self.init(limbs: [UInt32(truncatingIfNeeded: value), UInt32(value >> 32)]) }

    static func power(_ exponent: Int) -> WideInteger { (0..<exponent).reduce(WideInteger(1)) { power, _ in power * WideInteger(10) } }

    static func * (left: WideInteger, right: WideInteger) -> WideInteger {
        var result = [UInt32](repeating: 0, count: left.limbs.count + right.limbs.count)
        for (row, a) in left.limbs.enumerated() {
            var carry: UInt64 = 0
            for (column, b) in right.limbs.enumerated() {
                carry += UInt64(result[row + column]) + UInt64(a) * UInt64(b)
                result[row + column] = UInt32(truncatingIfNeeded: carry)
                carry >>= 32
            }
            result[row + right.limbs.count] = UInt32(carry)
        }
        return WideInteger(limbs: result)
    }

    /// The distance of two numbers.
    static func distance(_ left: WideInteger, _ right: WideInteger) -> WideInteger {
        let (big, small) = left < right ? (right, left) : (left, right)
        var result = big.limbs
        var borrow: Int64 = 0
        for index in result.indices {
            borrow += Int64(result[index]) - Int64(index < small.limbs.count ? small.limbs[index] : 0)
            result[index] = UInt32(truncatingIfNeeded: borrow)
            borrow >>= 32
        }
        return WideInteger(limbs: result)
    }

    static func < (left: WideInteger, right: WideInteger) -> Bool {
        if left.limbs.count != right.limbs.count { return left.limbs.count < right.limbs.count }
        for (a, b) in zip(left.limbs.reversed(), right.limbs.reversed()) where a != b { return a < b }
        return false
    }
}
