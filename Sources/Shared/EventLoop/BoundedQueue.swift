/// Hands elements from callbacks to one consuming task, in order. It never holds more elements than its bound.
@ServiceActor
public final class BoundedQueue<Element: Sendable> {
    private var elements = FIFOQueue<Element>()
    private var isFinished = false
    private let bound: Int
    private let arrival = LoopSignal()

    /// A queue for at most `bound` elements.
    public init(bound: Int) { self.bound = bound }

    /// The number of elements that wait.
    public var count: Int { elements.count }

    /// Appends an element. If the queue is full or finished, it drops the element and returns false.
    @discardableResult
    public func send(_ element: Element) -> Bool {
        guard !isFinished, count < bound else { return false }
        elements.append(element)
        arrival.notify()
        return true
    }

    /// Lets the consumer end after the queued elements.
    public func finish() {
        isFinished = true
        arrival.notify()
    }

    /// The next element; nil after the last one of a finished queue. Throws `CancellationError` if the task is cancelled.
    public func next() async throws -> Element? {
        while true {
            if let element = elements.popFirst() { return element }
            if isFinished { return nil }
            try await arrival.wait()
        }
    }

    /// The next element if there is one now; otherwise nil.
    public func poll() -> Element? { elements.popFirst() }
}
