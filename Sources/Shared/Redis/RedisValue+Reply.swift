internal import CHiredis

extension RedisValue {
    /// Copies a reply that hiredis owns. hiredis' parser limits the depth of arrays.
    init(_ reply: UnsafePointer<redisReply>) {
        switch chiredis_reply_kind(reply) {
        case CHIREDIS_INTEGER: self = .integer(reply.pointee.integer)
        case CHIREDIS_STRING: self = Self.text(of: reply)
        case CHIREDIS_ERROR: self = .error(Self.repairedText(of: reply))
        case CHIREDIS_ARRAY:
            let count = reply.pointee.elements
            guard count > 0, let elements = reply.pointee.element else {
                self = .array([])
                return
            }
            self = .array((0..<count).map { elements[$0].map { RedisValue($0) } ?? .null })
        default: self = .null
        }
    }

    /// The characters of a string reply. Bytes that are not UTF-8 are replaced.
    static func repairedText(of reply: UnsafePointer<redisReply>) -> String { withBytes(of: reply) { String(decoding: $0, as: UTF8.self) } }

    private static func text(of reply: UnsafePointer<redisReply>) -> RedisValue {
        withBytes(of: reply) { bytes in
            if let text = String(validating: bytes, as: UTF8.self) { .string(text) } else { .bytes(Array(bytes)) }
        }
    }

    private static func withBytes<Value>(
        of reply: UnsafePointer<redisReply>, _ body: (UnsafeBufferPointer<UInt8>) -> Value
    ) -> Value {
        guard let start = reply.pointee.str else { return body(UnsafeBufferPointer(start: nil, count: 0)) }
        return start.withMemoryRebound(to: UInt8.self, capacity: reply.pointee.len) {
            body(UnsafeBufferPointer(start: $0, count: reply.pointee.len))
        }
    }
}
