import EventLoop
import TestSupport
import Testing

@testable import Venues

struct DueQueueTests {
    @Test func `elements come out in the order of their moments, whatever the order in which they came in`() {
        for seed in UInt64(0)..<50 {
            var random = SeededGenerator(seed: seed)
            var queue = DueQueue<UInt64>()
            var waiting: [UInt64] = []
            for _ in 0..<300 {
                if waiting.isEmpty || UInt64.random(in: 0..<3, using: &random) > 0 {
                    let moment = UInt64.random(in: 0..<100, using: &random)
                    queue.add(moment, due: MonotonicInstant(nanoseconds: moment))
                    waiting.append(moment)
                    waiting.sort()
                } else {
                    let expected = waiting.removeFirst()
                    #expect(queue.first?.element == expected)
                    queue.removeFirst()
                }
                #expect(queue.first?.due.nanoseconds == waiting.first && queue.count == waiting.count && queue.isEmpty == waiting.isEmpty)
            }
        }
    }
}
