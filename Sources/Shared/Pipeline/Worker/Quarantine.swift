internal import EventLoop

/// Keeps suspects apart in one process. Only one lane at a time begins suspects. Other lanes begin no entries meanwhile. No suspect begins while the
/// process holds an entry on its last start, which must not crash together with another one.
@ServiceActor
final class Quarantine {
    private var lane: ObjectIdentifier?
    private var opened = Promise<Void>()
    private var lastStarts: Set<String> = []

    /// Gives a lane the right to begin suspects, until `close`. Returns false if it may not now.
    func open(for lane: AnyObject) -> Bool {
        guard self.lane == nil, lastStarts.isEmpty else { return false }
        self.lane = ObjectIdentifier(lane)
        opened = Promise()
        return true
    }

    /// Takes the right back that `open` gave.
    func close(for lane: AnyObject) {
        guard self.lane == ObjectIdentifier(lane) else { return }
        self.lane = nil
        opened.succeed(())
    }

    /// Waits while another lane examines suspects, at most `limit`.
    func wait(_ lane: AnyObject, upTo limit: Duration) async {
        let start = MonotonicInstant.now
        while let other = self.lane, other != ObjectIdentifier(lane), start.elapsed < limit, !Task.isCancelled {
            try? await opened.value(within: limit - start.elapsed)
        }
    }

    /// Notes that an entry on its last start is in hand. The name is unique in the process.
    func hold(_ entry: String) { lastStarts.insert(entry) }

    /// Notes that the entry is no longer in hand.
    func letGo(_ entry: String) { lastStarts.remove(entry) }
}
