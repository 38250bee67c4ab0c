import Orders
import Testing

struct SeqTests {
    @Test(arguments: [("0", 0), ("7", 7), ("007", 7), ("9007199254740991", Seq.max)])
    func `a seq is read from digits`(_ text: String, _ value: Int) throws {
        let seq = try #require(Seq(parsing: text))
        #expect(seq.value == value && seq.next == value + 1 && seq == Seq(clamping: value))
    }

    @Test(arguments: [
        "", " 1", "1 ", "+1", "-1", "-0", "1.0", "1e3", "0x1", "١", "9007199254740992", "9223372036854775806", "9223372036854775807",
        "9223372036854775808", "-9223372036854775808", "18446744073709551615", "1e400", "NaN", "Infinity", "undefined", "null", "12-0",
        String(repeating: "9", count: 10_000),
    ])
    func `what is no seq, or one that cannot be counted on from, is none`(_ text: String) { #expect(Seq(parsing: text) == nil) }

    @Test func `numbers out of range become the nearest one only where they are known to be right`() {
        #expect(Seq(exactly: -1) == nil && Seq(exactly: Seq.max + 1) == nil && Seq(exactly: .min) == nil)
        #expect(Seq(clamping: .min) == 0 && Seq(clamping: .max).value == Seq.max && -5 == Seq(clamping: 0))
    }
}
