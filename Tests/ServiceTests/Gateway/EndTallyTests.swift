import Orders
import Testing

@testable import Pipeline

struct EndTallyTests {
    private func tally(_ times: [Int], failed: Int = 0) -> EndTally {
        var tally = EndTally()
        for time in times { tally.count(OrderEnd(.confirmed, age: .milliseconds(time))) }
        for _ in 0..<failed { tally.count(OrderEnd(.failed, code: "NO_ROUTE", age: .milliseconds(1))) }
        return tally
    }

    @Test func `a median and a 95th percentile are right within a sixteenth, of confirmed orders only`() throws {
        let some = tally((1...1000).map { $0 * 7 }, failed: 500)
        #expect(some.ended(.confirmed) == 1000 && some.ended(.failed) == 500 && some.ended(.cancelled) == 0)
        for (percentile, exact) in [(1, 70), (50, 3500), (95, 6650), (100, 7000)] {
            let found = try #require(some.milliseconds(percentile: percentile))
            #expect(abs(found - exact) * 16 <= exact, "\(percentile): \(found) instead of \(exact)")
        }
        #expect(tally([], failed: 3).milliseconds(percentile: 50) == nil)
    }

    @Test func `what a process says of itself is read back as it was, and adds up with what others say`() throws {
        let one = tally([0, 7, 8, 250, 250, 86_400_000], failed: 2)
        let read = try #require(EndTally(parsing: one.text))
        #expect(read == one)
        #expect((one + read).ended(.confirmed) == 12)
        #expect(EndTally(parsing: EndTally().text) == EndTally())
    }

    @Test func `since an earlier tally only what has come counts; of a process that counts anew all of it`() {
        let (before, after) = (tally([100]), tally([100, 900]))
        #expect(after.since(before) == tally([900]))
        #expect(tally([5]).since(after) == tally([5]))
    }

    @Test(
        arguments: [
            "", ";", "1 2;", "1 2 3", "1 2 3;x", "1 2 3;1", "1 2 3;176:1", "1 2 3;-1:1", "1 2 -3;", "1 2 9223372036854775808;",
            "1 2 3;4:9223372036854775807",
            "1 2 3;4:5:6", "1 2 3;4:5;6",
        ])
    func `a text that is no tally is none, whatever numbers it holds`(_ text: String) { #expect(EndTally(parsing: text) == nil) }

    @Test func `the greatest tallies that can be read add up without an end of the process`() throws {
        let most = try #require(
            EndTally(parsing: "1000000000000 1000000000000 1000000000000;" + (0..<176).map { "\($0):1000000000000" }.joined(separator: ",")))
        #expect((most + most + most).milliseconds(percentile: 95) != nil)
    }
}
