import CHiredis
import EventLoop
import JSON

@testable import Orders
@testable import Pipeline
@testable import Redis

extension FuzzTarget {
    /// An answer of Redis on the wire, read as whatever asks for streams, hashes and letters would read it.
    static let streamEntry = FuzzTarget(name: "stream-entry") { input in
        guard let reply = RedisWire.value(input) else { return }
        for entry in StreamEntry.list(readGroup: reply) + StreamEntry.list(claimed: reply) { try holdEntry(entry) }
        for part in [reply] + (reply.array ?? []) {
            let record = OrderRecord(sampleID, hash: part)
            if let fold = try? record.fold() { try hold(fold.order.id == sampleID, "only the order's own hash is read as the order") }
            try holdLetter(part)
            let info = RedisInfo(part.string ?? "")
            try hold(info.memoryPercent >= 0, "a share is not negative")
            _ = (part.milliseconds, part.count, part.unsigned, info.runID)
        }
    }

    private static let options = WorkerOptions(
        stage: .router, concurrency: 1, visibilityTimeout: .seconds(5), renewInterval: .seconds(1), consumer: "fuzz")

    @ServiceActor
    private static func holdEntry(_ entry: StreamEntry) throws(BrokenClaim) {
        try hold(entry.deliveries >= 1, "an entry has been delivered")
        try hold(StreamPosition(entry.id) >= StreamPosition("0-0"), "every entry has a place")
        if let work = WorkEntry(entry, options: options, partition: 0) {
            try hold(work.round >= 1 && work.orderID.description == entry.fields?["id"], "work names its order and round")
        }
        if let event = EventEntry(entry) { try hold(OrderID(parsing: event.orderID.description) == event.orderID, "an id is read back") }
    }

    private static func holdLetter(_ part: RedisValue) throws(BrokenClaim) {
        if let id = part.string.flatMap({ DeadLetterID(parsing: $0) }) {
            try hold(DeadLetterID(parsing: id.description) == id, "a letter's id is read back")
        }
        guard let id = DeadLetterID(partition: 0, entry: "1-1") else { return }
        try holdJSON(JSONWriter.value(DeadLetter(id: id, entry: part)), "a letter")
    }
}

/// Redis' protocol, as hiredis reads it.
enum RedisWire {
    /// The first value of the bytes; nil if they hold none.
    static func value(_ bytes: [UInt8]) -> RedisValue? {
        guard isSmall(bytes), let reader = redisReaderCreate() else { return nil }
        defer { redisReaderFree(reader) }
        var reply: UnsafeMutableRawPointer?
        let isFed = bytes.withUnsafeBytes { redisReaderFeed(reader, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count) } == REDIS_OK
        guard isFed, redisReaderGetReply(reader, &reply) == REDIS_OK, let reply else { return nil }
        defer { freeReplyObject(reply) }
        return RedisValue(UnsafePointer(reply.assumingMemoryBound(to: redisReply.self)))
    }

    /// Whether no length in the bytes is large. Redis itself announces them, and hiredis reserves what is announced.
    private static func isSmall(_ bytes: [UInt8]) -> Bool {
        !bytes.split { !(0x30...0x39 ~= $0) }.contains { $0.count > 15 || isLength($0, in: bytes) }
    }

    private static func isLength(_ digits: ArraySlice<UInt8>, in bytes: [UInt8]) -> Bool {
        digits.count > 4 && digits.startIndex > 0 && "*$".utf8.contains(bytes[digits.startIndex - 1])
    }
}
