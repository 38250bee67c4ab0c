import EventLoop
import Testing

struct BackoffTests {
    @Test func `pauses double up to their limit, by a half at most shortened`() {
        var backoff = Backoff(first: .milliseconds(50), max: .seconds(2))
        for limit in [50, 100, 200, 400, 800, 1600, 2000, 2000] {
            let pause = backoff.next()
            #expect(pause <= .milliseconds(limit) && pause >= .milliseconds(limit) / 2)
        }
        backoff.reset()
        #expect(backoff.next() <= .milliseconds(50))
    }
}
