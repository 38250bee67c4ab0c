public import EventLoop

/// How many entries a process may have in hand. An entry takes a place while it is worked on. It may leave the place and stay in hand, while it only
/// waits for something outside.
struct Places: Sendable {
    /// The places.
    let count: Int
    /// The largest number of entries that have left their places.
    let maxUnderWay: Int
    /// Entries that are in a place.
    private(set) var taken = 0
    /// Entries that have left their places.
    private(set) var underWay = 0

    init(count: Int, maxUnderWay: Int) {
        self.count = count
        self.maxUnderWay = maxUnderWay
    }

    /// The number of entries that may be taken now. An entry that is in a place may leave it at any time, so it counts against both limits.
    var free: Int { max(0, min(count - taken, maxUnderWay - underWay - taken)) }

    /// Whether a further entry would only have to wait for a place.
    var hasRoomUnderWay: Bool { maxUnderWay - underWay - taken > 0 }

    /// Notes an entry that comes in hand.
    mutating func take() { taken += 1 }

    /// Notes an entry that leaves its place and stays in hand.
    mutating func leave() {
        taken -= 1
        underWay += 1
    }

    /// Notes an entry that is no longer in hand.
    mutating func end(hasLeft: Bool) { if hasLeft { underWay -= 1 } else { taken -= 1 } }
}

/// The place of one entry in its worker.
@ServiceActor
public final class Place {
    /// Called once, when the entry leaves its place.
    var onLeave: (@ServiceActor () -> Void)?
    private(set) var isLeft = false

    /// A place that an entry takes.
    nonisolated init() {}

    /// Gives the place to the next entry. This entry stays in hand: it is renewed, and its task is cancelled when the claim is lost. Without effect
    /// if the place was given before.
    public func leave() {
        guard !isLeft else { return }
        isLeft = true
        onLeave?()
        onLeave = nil
    }
}
