import Testing

@testable import EventLoop

@Suite struct FIFOQueueTests {
    private final class Element {
        let number: Int
        init(_ number: Int) { self.number = number }
    }

    @Test(arguments: [1, 2, 31, 32, 33, 100])
    func `a queue that is never empty gives its elements in order, and does not grow with what was taken`(waiting: Int) {
        var queue = FIFOQueue<Int>()
        for number in 0..<waiting { queue.append(number) }
        for number in 0..<10_000 {
            queue.append(waiting + number)
            #expect(queue.popFirst() == number)
            #expect(queue.count == waiting && !queue.isEmpty && queue.reserved <= 2 * waiting + 35)
        }
        for number in 10_000..<10_000 + waiting { #expect(queue.popFirst() == number) }
        #expect(queue.popFirst() == nil && queue.isEmpty && queue.count == 0 && queue.reserved == 0)
    }

    @Test func `an element that was taken is released while others wait`() {
        var queue = FIFOQueue<Element>()
        for number in 0..<3 { queue.append(Element(number)) }
        weak let first = queue.popFirst()
        #expect(first == nil && queue.count == 2 && queue.popFirst()?.number == 1)
    }
}
