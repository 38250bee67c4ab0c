internal import CHiredis

/// Something that Redis sends on a connection of Pub/Sub.
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
        case "message": self = .message(channel: name, payload: RedisValue.repairedText(of: payload))
        case "subscribe": self = .subscribed(channel: name)
        case "unsubscribe": self = .unsubscribed(channel: name)
        default: return nil
        }
    }
}
