internal import EventLoop

/// A sharded channel: who listens to it, and at which master.
@ServiceActor
final class ShardChannel {
    /// So long what a master has confirmed is newer than any map.
    private static let freshness = Duration.seconds(2)

    let name: ChannelName
    let slot: Int
    var handlers: [Int: RedisSubscriber.Handler] = [:]
    /// The connection on which it is subscribed, or asked for; nil while no master is known.
    private(set) var link: ShardLink?
    /// Answers in a row that another node has the slot.
    var redirections = 0
    private(set) var confirmation = Promise<Void>()
    private var confirmed = MonotonicInstant.now
    /// Whether messages may have been missed since it was confirmed.
    private var hasGap = false

    init(_ name: ChannelName) { (self.name, slot) = (name, HashSlot.of(name.text)) }

    /// Whether its master has confirmed it a moment ago.
    var isFresh: Bool { confirmation.isCompleted && confirmed.elapsed < Self.freshness }

    /// Asks for it on another connection, or on none.
    func move(to next: ShardLink?) {
        lose()
        if link !== next { link?.release(name) }
        link = next
        link?.take(name)
    }

    /// Notes that its master does not send its messages any more.
    func lose() {
        guard confirmation.isCompleted else { return }
        hasGap = true
        confirmation = Promise()
    }

    /// Notes that its master sends its messages from now on. Returns whether some may have been missed.
    func confirm() -> Bool {
        // A ping confirms it again.
        guard confirmation.succeed(()) else { return false }
        defer { hasGap = false }
        (redirections, confirmed) = (0, .now)
        return hasGap
    }

    /// Lets nobody wait for a confirmation any more.
    func close() { confirmation.fail(RedisError.closedBefore) }
}
