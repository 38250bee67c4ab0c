import Orders
import Testing

@Suite struct TimestampTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (1_768_030_217_789, "2026-01-10T07:30:17.789Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (1_735_689_599_001, "2024-12-31T23:59:59.001Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ] as [(UInt64, String)])
    func `A time is written in UTC with milliseconds and read back`(milliseconds: UInt64, text: String) {
        #expect(Timestamp.text(milliseconds: milliseconds) == text)
        #expect(Timestamp.parse(text) == Int64(milliseconds))
    }

    @Test(
        arguments: [
            ("2026-01-10T08:30:17.789+01:00", 1_768_030_217_789), ("2026-01-10T01:30:17.789-0600", 1_768_030_217_789),
            ("2026-01-10t07:30:17.7899999z", 1_768_030_217_789), ("2026-01-10T07:30:17.7Z", 1_768_030_217_700),
            ("2026-01-10T07:30Z", 1_768_030_200_000), ("2026-01-10 08:30:17.789+01:00", 1_768_030_217_789),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000), ("1969-12-31T23:59:59Z", -1000),
            ("0000-03-01T00:00:00Z", -62_162_035_200_000),
        ] as [(String, Int64)])
    func `Zones, fractions and short forms are read`(text: String, milliseconds: Int64) { #expect(Timestamp.parse(text) == milliseconds) }

    @Test(
        arguments: [
            "", "2026-01-10", "2026-01-10T07:30:17", "2026-01-10  07:30:17Z", "2026-01-10 07:30:17 00:00", "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z", "2026-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-01-10T24:00:00Z", "2026-01-10T07:60:00Z", "2026-01-10T07:30:61Z",
            "2026-01-10T07:30:17.Z", "2026-01-10T07:30:17Zx", "2026-01-10T07:30:17+24:00", "2026-01-10T07:30:17+1:00", "26-01-10T07:30:17Z",
            "2026-1-10T07:30:17Z", "+2026-01-10T07:30:17Z", "1768030217789", "tomorrow",
        ])
    func `What is no time, or has no zone, is refused`(text: String) { #expect(Timestamp.parse(text) == nil) }

    @Test func `every day of four centuries follows the one before`() {
        var previous = ""
        for day in 0..<146_097 as Range<UInt64> where day % 7 == 0 || day < 1500 {
            let text = Timestamp.text(milliseconds: day * 86_400_000)
            #expect(previous < text && Timestamp.parse(text) == Int64(day * 86_400_000))
            previous = text
        }
    }
}
