internal import EventLoop

/// Elements ordered by the moment when they are due: a binary heap. Equal moments come out in any order.
struct DueQueue<Element: Sendable>: Sendable {
    private var heap: [(due: MonotonicInstant, element: Element)] = []

    var isEmpty: Bool { heap.isEmpty }
    var count: Int { heap.count }
    /// The element that is due first.
    var first: (due: MonotonicInstant, element: Element)? { heap.first }

    mutating func add(_ element: Element, due: MonotonicInstant) {
        heap.append((due, element))
        var child = heap.count - 1
        while child > 0, heap[child].due < heap[(child - 1) / 2].due {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Removes the element that is due first.
    mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while let child = earlierChild(of: parent), heap[child].due < heap[parent].due {
            heap.swapAt(child, parent)
            parent = child
        }
    }

    private func earlierChild(of parent: Int) -> Int? {
        let left = 2 * parent + 1
        guard left < heap.count else { return nil }
        return left + 1 < heap.count && heap[left + 1].due < heap[left].due ? left + 1 : left
    }
}
