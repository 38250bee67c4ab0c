import EventLoop
import Testing

@testable import Pipeline

struct ClaimTimeTests {
    @Test func `all lanes look at the same moments, which are a second apart`() {
        let second: UInt64 = 1_000_000_000
        let moments = [0, 1, second / 3, second, 7 * second + 5, 1_000_000 * second].map { MonotonicInstant(nanoseconds: $0) }
        for moment in moments {
            let next = ClaimTime.next(after: moment)
            #expect(next > moment && next - moment <= .seconds(1))
            #expect(ClaimTime.next(after: next) - next == .seconds(1))
            #expect(next.nanoseconds % second == ClaimTime.next().nanoseconds % second)
        }
    }
}
