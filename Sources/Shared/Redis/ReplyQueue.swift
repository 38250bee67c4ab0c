internal import EventLoop

/// The commands of a connection that wait for their replies, oldest first. Replies come in the same order.
///
/// A command whose caller has given up keeps its place, so that its late reply goes to no other command.
struct ReplyQueue<Call> {
    /// A command in flight.
    struct Entry {
        /// The call that gets the reply; nil if no caller waits.
        var call: Call?
        let sent: MonotonicInstant
        let deadline: MonotonicInstant
    }

    /// A ring whose size is a power of two. The index of an entry is the low bits of its number.
    private var ring: [Entry?] = Array(repeating: nil, count: 64)
    private var first: UInt64 = 0
    private var next: UInt64 = 0

    var count: Int { Int(next - first) }
    var isEmpty: Bool { next == first }
    var oldest: Entry? { isEmpty ? nil : ring[place(first)] }

    /// Adds a command that was sent.
    mutating func append(_ entry: Entry) {
        if count == ring.count { grow() }
        ring[place(next)] = entry
        next += 1
    }

    /// Takes the command whose reply has come.
    mutating func removeOldest() -> Entry? {
        guard !isEmpty else { return nil }
        defer { first += 1 }
        return ring[place(first)].take()
    }

    /// Takes the calls of all commands that are past their deadline. The commands keep their places.
    mutating func takeExpired(at now: MonotonicInstant) -> [Call] {
        var expired: [Call] = []
        for number in first..<next where ring[place(number)]!.deadline <= now {
            if let call = ring[place(number)]!.call.take() { expired.append(call) }
        }
        return expired
    }

    /// Empties the queue, and returns the calls in order.
    mutating func removeAll() -> [Call] {
        var calls: [Call] = []
        calls.reserveCapacity(count)
        while let entry = removeOldest() { if let call = entry.call { calls.append(call) } }
        return calls
    }

    private func place(_ number: UInt64) -> Int { Int(truncatingIfNeeded: number) & (ring.count - 1) }

    private mutating func grow() {
        var larger: [Entry?] = Array(repeating: nil, count: ring.count * 2)
        for number in first..<next { larger[Int(truncatingIfNeeded: number) & (larger.count - 1)] = ring[place(number)] }
        ring = larger
    }
}
