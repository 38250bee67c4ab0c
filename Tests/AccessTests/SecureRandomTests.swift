import Testing

@testable import Access

@Suite struct SecureRandomTests {
    @Test func neverGivesANumberTwice() {
        var (one, other) = (SecureRandom(), SecureRandom())
        let numbers = (0..<500).flatMap { _ in [one.next(), other.next()] }
        #expect(Set(numbers).count == numbers.count)
        // Each bit is set about half of the time: out of 1000 never below 350, but for one run in 10^20.
        for bit in 0..<64 { #expect((350...650).contains(numbers.count { $0 >> bit & 1 == 1 })) }
    }
}
