internal import CHiredis
public import EventLoop

/// One listener on a channel, until it is cancelled.
@ServiceActor
public final class RedisSubscription {
    private var leave: (@ServiceActor () -> Void)?

    /// A listener that is removed by `leave`.
    init(leave: @escaping @ServiceActor () -> Void) { self.leave = leave }

    /// Stops listening at once. When the last listener of a channel stops, the subscription at Redis ends. A second call does nothing.
    public func cancel() { leave.take()?() }
}

/// The name of a channel, compared by its bytes as Redis does. `==` of `String` would take the two Unicode forms of "é" for one name.
struct ChannelName: Hashable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (left: ChannelName, right: ChannelName) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
        hasher.combine(UInt8(0xFF))
    }
}

/// A message or confirmation that Redis sends on a connection of Pub/Sub.
enum PubSubPush: Equatable {
    case subscribed(channel: String)
    case unsubscribed(channel: String)
    case message(channel: String, payload: String)

    init?(_ reply: UnsafePointer<redisReply>) {
        guard chiredis_reply_kind(reply) == CHIREDIS_ARRAY, reply.pointee.elements >= 3, let elements = reply.pointee.element,
            let kind = elements[0], let channel = elements[1], let payload = elements[2]
        else { return nil }
        let name = RedisValue.repairedText(of: channel)
        switch RedisValue.repairedText(of: kind) {
        case "message", "smessage": self = .message(channel: name, payload: RedisValue.repairedText(of: payload))
        case "subscribe", "ssubscribe": self = .subscribed(channel: name)
        case "unsubscribe", "sunsubscribe": self = .unsubscribed(channel: name)
        default: return nil
        }
    }
}
