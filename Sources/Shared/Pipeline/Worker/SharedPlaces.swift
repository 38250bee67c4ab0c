internal import EventLoop

/// The places of a process, for all its lanes. One lane may have all of them. Of several that have more to read than they may take, each has a fair
/// part, and the one that was served longest ago comes first.
///
/// An idle lane waits in Redis for its next entry even while all places are taken, because nothing else would tell it of one. Such an entry takes the
/// next place that is free, before any lane reads more. So of each lane at most an equal part of the places waits, with many lanes one entry, and no
/// more are worked on than there are places.
@ServiceActor
final class SharedPlaces {
    /// The part of one lane.
    @ServiceActor
    final class Part {
        /// Entries of the lane that are in a place.
        fileprivate(set) var taken = 0
        /// Entries of the lane that wait for a place.
        fileprivate(set) var waiting = 0
        /// Whether the lane has more to read than it may take.
        fileprivate(set) var isEager = false

        fileprivate init() {}
    }

    /// Entries that a lane may have in places, if that leaves room for three other lanes: those that are read together take their steps together.
    private static let portion = 32

    /// Told when a place may be free, or when a lane has changed.
    let changed = LoopSignal()
    private(set) var places: Places
    /// Lanes that read.
    private var readers = 0
    /// Places kept for entries that a lane is about to get.
    private var kept = 0
    /// Lanes that have more to read than they may take, the one that was served longest ago first.
    private var eager: [Part] = []
    /// Entries that wait for a place, each with its lane, the oldest first.
    private var queue: [(ticket: UInt64, part: Part)] = []
    private var tickets: UInt64 = 0

    init(count: Int, maxUnderWay: Int) { places = Places(count: count, maxUnderWay: maxUnderWay) }

    /// Whether a further entry would find a place.
    var hasRoom: Bool { free > 0 }
    private var free: Int { max(0, places.free - kept - queue.count) }

    // MARK: Lanes

    /// The part of a lane that begins to read.
    func join() -> Part {
        readers += 1
        return Part()
    }

    /// Counts a lane that reads again, or no longer does.
    func count(_ part: Part, reads: Bool) {
        readers += reads ? 1 : -1
        if !reads { setEager(part, false) }
        changed.notify()
    }

    /// Notes whether a lane has more to read than it may take.
    func setEager(_ part: Part, _ isEager: Bool) {
        // A lane alone need not ask: what is free is its own.
        let isEager = isEager && readers > 1
        guard part.isEager != isEager else { return }
        part.isEager = isEager
        if isEager { eager.append(part) } else { eager.removeAll { $0 === part } }
    }

    /// How many entries a lane may wait for. It is 0 while an entry of the lane waits for a place.
    func mayAwait(_ part: Part) -> Int {
        if readers <= 1 { return free }
        guard part.waiting == 0, places.hasRoomUnderWay else { return 0 }
        return max(1, min(free, places.count / readers))
    }

    /// How many entries an eager lane may take now.
    func mayTake(_ part: Part) -> Int {
        if readers <= 1 { return free }
        guard part.waiting == 0 else { return 0 }
        let index = eager.firstIndex { $0 === part } ?? eager.count
        let share = max((places.count + max(1, eager.count) - 1) / max(1, eager.count), min(Self.portion, places.count / 4))
        // Those before it that are below their share come first.
        let ahead = eager[..<index].count { $0.taken < share }
        return max(0, min(free - ahead, share - part.taken))
    }

    /// Keeps places for entries that an eager lane asks for, until `letGo`. Those of other lanes come first the next time.
    func keep(_ count: Int, for part: Part) {
        kept += count
        guard let index = eager.firstIndex(where: { $0 === part }) else { return }
        eager.append(eager.remove(at: index))
    }

    /// Ends `keep`.
    func letGo(_ count: Int) {
        kept -= count
        if count > 0, readers > 1 { changed.notify() }
    }

    // MARK: Entries

    /// Takes a place for an entry. Returns false if there is none.
    func take(_ part: Part) -> Bool {
        guard free > 0 else { return false }
        places.take()
        part.taken += 1
        return true
    }

    /// Waits for a place and takes it. Returns false if the task is cancelled.
    func wait(_ part: Part) async -> Bool {
        tickets += 1
        let ticket = tickets
        queue.append((ticket, part))
        part.waiting += 1
        defer {
            queue.removeAll { $0.ticket == ticket }
            part.waiting -= 1
            changed.notify()
        }
        while !Task.isCancelled {
            if let turn = queue.firstIndex(where: { $0.ticket == ticket }), turn < places.free - kept {
                places.take()
                part.taken += 1
                return true
            }
            _ = try? await changed.wait(upTo: .seconds(1))
        }
        return false
    }

    /// Notes an entry that leaves its place and stays in hand.
    func leave(_ part: Part) {
        places.leave()
        part.taken -= 1
        changed.notify()
    }

    /// Notes an entry that is no longer in hand. One that never had a place has nothing to give back.
    func end(_ part: Part, hasLeft: Bool) {
        places.end(hasLeft: hasLeft)
        if !hasLeft { part.taken -= 1 }
    }
}
