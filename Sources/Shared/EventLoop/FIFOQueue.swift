/// Elements in the order in which they came. What is taken is released at once, and an empty queue keeps no memory.
///
/// Inlinable, because it is on the way of each message to a socket.
@frozen
public struct FIFOQueue<Element> {
    /// Taken places in front of which the others are not moved up yet, so that few elements are never moved.
    @usableFromInline
    static var fewTaken: Int { 32 }

    @usableFromInline
    var places: [Element?] = []
    @usableFromInline
    var taken = 0

    @inlinable
    public init() {}

    /// The number of elements.
    @inlinable
    public var count: Int { places.count - taken }

    @inlinable
    public var isEmpty: Bool { places.isEmpty }

    /// The places in memory, those of taken elements included.
    var reserved: Int { places.count }

    /// Adds an element at the end.
    @inlinable
    public mutating func append(_ element: Element) { places.append(element) }

    /// Takes the first element; nil if there is none. Moves the others up only once most places are of taken elements, so a taking costs the same in
    /// a long queue.
    @inlinable
    public mutating func popFirst() -> Element? {
        guard !places.isEmpty else { return nil }
        let element = places[taken].take()
        taken += 1
        if taken == places.count {
            self = FIFOQueue()
        } else if taken > Self.fewTaken, taken > places.count / 2 {
            places.removeFirst(taken)
            taken = 0
        }
        return element
    }
}
