import Orders
import TestSupport
import Testing

@testable import Markets

@Suite struct ConstantProductTests {
    private func curve(_ reserveIn: UInt64, _ reserveOut: UInt64, feePpm: Int) -> ConstantProduct {
        ConstantProduct(reserveIn: BaseUnits(reserveIn), reserveOut: BaseUnits(reserveOut), feePpm: feePpm)
    }

    @Test(
        arguments: [
            (10, 4_000_000, 70_000_000_000, 174_999), (20, 29_980, 10_000, 6), (18, 29_980, 10_000, 6), (10, 20_000, 30_000, 14),
            (10, 19_990, 30_000, 15), (100, 60_000, 30_000, 49), (98, 60_000, 30_000, 48),
        ] as [(UInt64, UInt64, UInt64, UInt64)])
    func `without a fee the output is that of the curve, rounded down`(amountIn: UInt64, reserveIn: UInt64, reserveOut: UInt64, out: UInt64) {
        #expect(curve(reserveIn, reserveOut, feePpm: 0).output(for: BaseUnits(amountIn)) == BaseUnits(out))
    }

    @Test(
        arguments: [
            (1, 149_622_867, "0.0014"), (10, 1_496_036_814, "0.0142"), (100, 14_941_208_777, "0.1423"), (1000, 147_522_800_098, "1.4050"),
        ] as [(UInt64, UInt64, String)])
    func `70,000 SOL against 10,500,000 USDC at 0.25 % pay as worked out by hand`(sol: UInt64, out: UInt64, impact: String) {
        let curve = curve(70_000_000_000_000, 10_500_000_000_000, feePpm: 2500)
        #expect(curve.output(for: BaseUnits(sol * 1_000_000_000)) == BaseUnits(out))
        #expect(curve.priceImpact(of: BaseUnits(sol * 1_000_000_000)).percentText == impact)
    }

    @Test(arguments: [(5_000_000_000, 2500, 12_500_000), (1_000_000_000, 100, 100_000), (1, 1, 1), (0, 2500, 0), (400, 2500, 1), (401, 2500, 2)])
    func `the fee is rounded up`(amountIn: UInt64, feePpm: Int, fee: UInt64) {
        #expect(curve(1, 1, feePpm: feePpm).fee(on: BaseUnits(amountIn)) == BaseUnits(fee))
    }

    @Test func `every swap agrees with one worked out with unbounded integers`() {
        for vector in SwapVector.all {
            let curve = curve(vector.reserveIn, vector.reserveOut, feePpm: vector.feePpm)
            #expect(curve.fee(on: BaseUnits(vector.amountIn)).value == vector.fee, "\(vector)")
            #expect(curve.output(for: BaseUnits(vector.amountIn)).value == vector.amountOut, "\(vector)")
            #expect(curve.input(for: BaseUnits(vector.amountOut))?.value == vector.minInput, "\(vector)")
        }
    }

    @Test func `a pool never pays out its reserve, and never less for more`() {
        var numbers = SeededGenerator(seed: 1)
        for _ in 0..<2_000 {
            let curve = curve(numbers.magnitude(bits: 64), numbers.magnitude(bits: 64), feePpm: Int.random(in: 0...100_000, using: &numbers))
            let less = numbers.magnitude(bits: 63)
            let more = less + UInt64.random(in: 0...less, using: &numbers)
            let out = curve.output(for: BaseUnits(less))
            #expect(out < curve.reserveOut)
            #expect(out <= curve.output(for: BaseUnits(more)))
        }
    }

    @Test func `two halves beat the whole by no more than a unit of rounding`() throws {
        var numbers = SeededGenerator(seed: 2)
        for _ in 0..<2_000 {
            let curve = curve(numbers.magnitude(bits: 62), numbers.magnitude(bits: 62), feePpm: Int.random(in: 0...100_000, using: &numbers))
            let first = numbers.magnitude(bits: 61)
            let second = numbers.magnitude(bits: 61)
            let between = try #require(curve.after(amountIn: BaseUnits(first)))
            let parts = curve.output(for: BaseUnits(first)).value + between.output(for: BaseUnits(second)).value
            let whole = curve.output(for: BaseUnits(first + second)).value
            // The fee of the first half stays in the pool and makes the second half cheaper: at most by its share of the output.
            let feeShare = UInt128(whole) * UInt128(curve.feePpm) / 1_000_000
            #expect(UInt128(parts) <= UInt128(whole) + feeShare + 2, "\(curve) \(first) \(second)")
            if curve.feePpm == 0 { #expect(parts <= whole + 1) }
        }
    }

    @Test func `the input for an output is the minInput that pays it`() {
        var numbers = SeededGenerator(seed: 3)
        var tried = 0
        while tried < 2_000 {
            let curve = curve(numbers.magnitude(bits: 60), numbers.magnitude(bits: 60), feePpm: Int.random(in: 0...100_000, using: &numbers))
            let wanted = BaseUnits(UInt64.random(in: 0...curve.reserveOut.value, using: &numbers))
            guard wanted.value > 0, let minInput = curve.input(for: wanted) else { continue }
            tried += 1
            #expect(curve.output(for: minInput) >= wanted)
            #expect(curve.output(for: BaseUnits(minInput.value - 1)) < wanted)
        }
    }

    @Test func `no swap lowers the product of the reserves`() throws {
        var numbers = SeededGenerator(seed: 4)
        for _ in 0..<2_000 {
            let curve = curve(numbers.magnitude(bits: 62), numbers.magnitude(bits: 62), feePpm: Int.random(in: 0...100_000, using: &numbers))
            let after = try #require(curve.after(amountIn: BaseUnits(numbers.magnitude(bits: 62))))
            let product = { (curve: ConstantProduct) in UInt128(curve.reserveIn.value) * UInt128(curve.reserveOut.value) }
            #expect(product(after) >= product(curve))
        }
    }

    @Test func `what a pool cannot do is refused`() {
        #expect(curve(1_000, 1_000, feePpm: 0).input(for: BaseUnits(1_000)) == nil)
        #expect(curve(1_000, 1_000, feePpm: 0).input(for: BaseUnits(2_000)) == nil)
        #expect(curve(.max, .max, feePpm: 0).input(for: BaseUnits(.max - 1)) == nil)
        #expect(curve(.max, 1_000, feePpm: 0).after(amountIn: BaseUnits(1)) == nil)
        #expect(curve(0, 1_000, feePpm: 0).output(for: BaseUnits(5)) == BaseUnits(0))
        #expect(curve(1_000, 0, feePpm: 0).output(for: BaseUnits(5)) == BaseUnits(0))
        #expect(curve(0, 1_000, feePpm: 0).priceImpact(of: BaseUnits(0)).percentText == "0.0000")
    }
}
