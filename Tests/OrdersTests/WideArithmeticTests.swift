import Testing

@testable import Orders

@Suite struct WideArithmeticTests {
    private let largest = UInt128.max

    @Test func `products of more than 128 bits are divided exactly, in the direction asked for`() {
        #expect(WideArithmetic.multiplyDivide(largest, largest, by: largest, .up) == largest)
        #expect(WideArithmetic.multiplyDivide(largest, largest - 1, by: largest, .down) == largest - 1)
        #expect(WideArithmetic.multiplyDivide(largest, 10, by: 20, .down) == largest / 2)
        #expect(WideArithmetic.multiplyDivide(largest, 10, by: 20, .up) == largest / 2 + 1)
        #expect(WideArithmetic.multiplyDivide(7, 3, by: 7, .up) == 3)
    }

    @Test func `what does not fit is refused`() {
        #expect(WideArithmetic.multiplyDivide(largest, 2, by: 1, .down) == nil)
        #expect(WideArithmetic.multiplyDivide(1, 1, by: 0, .down) == nil)
        // (2^128 - 1)^2 + ... just below the limit: rounded up it is 2^128.
        #expect(WideArithmetic.multiplyDivide(largest, largest, by: largest - 1, .down) == nil)
        #expect(WideArithmetic.multiplyShift(largest, 1 << 65, .down) == nil)
    }

    @Test func `a product is shifted by 64 bits with the rounding asked for`() {
        #expect(WideArithmetic.multiplyShift(largest, 1 << 64, .up) == largest)
        #expect(WideArithmetic.multiplyShift(3, 1 << 63, .down) == 1)
        #expect(WideArithmetic.multiplyShift(3, 1 << 63, .up) == 2)
        #expect(WideArithmetic.multiplyShift(UInt128(UInt64.max), largest, .down) == UInt128(UInt64.max) << 64 - 1)
    }

    @Test func `a root is the largest whose square fits`() {
        #expect(WideArithmetic.squareRoot(ofProduct: 0, 5) == 0)
        #expect(WideArithmetic.squareRoot(ofProduct: 1, 1) == 1)
        #expect(WideArithmetic.squareRoot(ofProduct: 3, 5) == 3)
        #expect(WideArithmetic.squareRoot(ofProduct: 4, 4) == 4)
        #expect(WideArithmetic.squareRoot(ofProduct: largest, largest) == largest)
        #expect(WideArithmetic.squareRoot(ofProduct: largest, largest - 1) == largest - 1)
        #expect(WideArithmetic.squareRoot(ofProduct: 1 << 127, 2) == 1 << 64)
    }
}
