public import EventLoop

/// One listener on a channel, until it is cancelled.
@ServiceActor
public final class RedisSubscription {
    private let channel: ChannelName
    let id: Int
    private weak var subscriber: RedisSubscriber?

    init(channel: ChannelName, id: Int, subscriber: RedisSubscriber) {
        self.channel = channel
        self.id = id
        self.subscriber = subscriber
    }

    /// Ends the listening at once; the last listener of a channel ends the subscription at Redis. Nothing happens the second time.
    public func cancel() {
        subscriber?.remove(id, from: channel)
        subscriber = nil
    }
}
