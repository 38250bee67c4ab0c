internal import EventLoop

/// The commands of a connection that wait for their replies, oldest first; replies come in the same order.
///
/// A command whose caller has given up keeps its place without a waiter, so that its late reply is taken by nobody else.
struct ReplyQueue<Waiter> {
    /// A command in flight.
    struct Entry {
        var waiter: Waiter?
        let sent: MonotonicInstant
        let deadline: MonotonicInstant
    }

    /// A ring whose size is a power of two; an entry's place is the low bits of its number.
    private var ring: [Entry?] = Array(repeating: nil, count: 64)
    private var first: UInt64 = 0
    private var next: UInt64 = 0

    var count: Int { Int(next - first) }
    var isEmpty: Bool { next == first }
    var oldest: Entry? { isEmpty ? nil : ring[place(first)] }

    /// Adds a command, and returns its number.
    mutating func append(sent: MonotonicInstant, deadline: MonotonicInstant) -> UInt64 {
        if count == ring.count { grow() }
        ring[place(next)] = Entry(waiter: nil, sent: sent, deadline: deadline)
        next += 1
        return next - 1
    }

    /// Names the one who waits for a command that is in flight.
    mutating func setWaiter(_ waiter: Waiter, of number: UInt64) { ring[place(number)]?.waiter = waiter }

    /// Takes the waiter of a command, unless it was answered or given up.
    mutating func takeWaiter(of number: UInt64) -> Waiter? {
        guard number >= first, number < next else { return nil }
        defer { ring[place(number)]?.waiter = nil }
        return ring[place(number)]?.waiter
    }

    /// Takes the command whose reply has come.
    mutating func removeOldest() -> Entry? {
        guard !isEmpty else { return nil }
        defer {
            ring[place(first)] = nil
            first += 1
        }
        return ring[place(first)]
    }

    /// Takes the waiters of all commands that are past their deadline.
    mutating func takeExpired(at now: MonotonicInstant) -> [Waiter] {
        var expired: [Waiter] = []
        for number in first..<next where ring[place(number)]!.deadline <= now {
            if let waiter = takeWaiter(of: number) { expired.append(waiter) }
        }
        return expired
    }

    /// Empties the queue, and returns the waiters in order.
    mutating func removeAll() -> [Waiter] {
        var waiters: [Waiter] = []
        waiters.reserveCapacity(count)
        while let entry = removeOldest() {
            if let waiter = entry.waiter { waiters.append(waiter) }
        }
        return waiters
    }

    private func place(_ number: UInt64) -> Int { Int(truncatingIfNeeded: number) & (ring.count - 1) }

    private mutating func grow() {
        var larger: [Entry?] = Array(repeating: nil, count: ring.count * 2)
        for number in first..<next { larger[Int(truncatingIfNeeded: number) & (larger.count - 1)] = ring[place(number)] }
        ring = larger
    }
}
