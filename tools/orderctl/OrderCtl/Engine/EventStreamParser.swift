/// Reads a stream of server-sent events. Its pieces may end anywhere. Only the data of events is kept.
struct EventStreamParser {
    private var line: [UInt8] = []
    private var data: [String] = []

    /// Takes a piece and returns the data of the events that it completes.
    mutating func feed(_ bytes: [UInt8]) -> [String] {
        var events: [String] = []
        for byte in bytes {
            guard byte == UInt8(ascii: "\n") else {
                line.append(byte)
                continue
            }
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            if line.isEmpty {
                if !data.isEmpty { events.append(data.joined(separator: "\n")) }
                data = []
            } else if line.starts(with: "data:".utf8) {
                let value = line.dropFirst(5)
                data.append(String(decoding: value.first == UInt8(ascii: " ") ? value.dropFirst() : value, as: UTF8.self))
            }
            line = []
        }
        return events
    }
}
