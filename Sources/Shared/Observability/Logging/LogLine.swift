internal import JSON

/// One line before it is written.
struct LogLine {
    /// The values that are the same in every line of a process.
    struct Origin: Sendable {
        let service: String
        let instance: String
    }

    private typealias Entry = (name: String, value: LogValue)

    /// Milliseconds since 1970, UTC.
    let time: Int64
    let level: Logger.Level
    let origin: Origin
    let event: String
    let fields: [LogField]
    let suppressed: Int
    let lost: Int

    /// Room kept for the braces, `suppressed`, `lost`, `truncated` and the newline.
    private static let reserve = 128
    private static let longestName = 128
    private static let longestText = 1024

    /// The line with its newline, at most `limit` bytes. Fields that do not fit are left out, and `truncated` says so.
    func encoded(as format: Logger.Format, limit: Int) -> [UInt8] {
        let head = head
        let tail = tail(room: limit - Self.reserve - head.reduce(0) { $0 + Self.size(of: $1) })
        var bytes = format == .json ? Self.json(head + tail) : text(tail)
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    private var head: [Entry] {
        [
            ("time", .string(ISOTime.text(milliseconds: time))), ("level", .string(level.rawValue)),
            ("service", .string(origin.service).cut(to: Self.longestName)), ("instance", .string(origin.instance).cut(to: Self.longestName)),
            ("event", .string(event).cut(to: Self.longestName)),
        ]
    }

    private func tail(room: Int) -> [Entry] {
        var entries: [Entry] = []
        var room = room
        for (name, value) in fields {
            let entry = (name, value.cut(to: Self.longestText))
            room -= Self.size(of: entry)
            guard room >= 0 else { break }
            entries.append(entry)
        }
        let isTruncated = entries.count < fields.count
        if suppressed > 0 { entries.append(("suppressed", .integer(suppressed))) }
        if lost > 0 { entries.append(("lost", .integer(lost))) }
        if isTruncated { entries.append(("truncated", true)) }
        return entries
    }

    /// The bytes of an entry as JSON with its comma. As text it needs no more.
    private static func size(of entry: Entry) -> Int { JSONWriter.value(entry.name).utf8.count + entry.value.json.utf8.count + 2 }

    private static func json(_ entries: [Entry]) -> [UInt8] {
        var writer = JSONWriter(capacity: 512)
        writer.object { line in
            for entry in entries { line.raw(entry.name, entry.value.json) }
        }
        return writer.bytes
    }

    private func text(_ entries: [Entry]) -> [UInt8] {
        let level = level.rawValue.uppercased()
        let padding = String(repeating: " ", count: "WARNING".utf8.count - level.utf8.count)
        let start = "\(ISOTime.text(milliseconds: time)) \(level)\(padding) \(origin.service) \(event)"
        return Array(entries.reduce(into: start) { $0 += " \($1.name)=\($1.value.plain)" }.utf8)
    }
}
