/// The head of an answer: its status and header fields.
struct ResponseHead {
    private static let end = Array("\r\n\r\n".utf8)

    let status: Int
    let headers: HTTPHeaders
    /// Bytes that it takes, the empty line included.
    let length: Int

    /// Whether bytes hold the end of a head, so that there is more to wait for otherwise.
    static func isWhole(_ bytes: [UInt8]) -> Bool { length(bytes) != nil }

    /// Nil where the bytes are no head of HTTP/1.1.
    init?(parsing bytes: [UInt8]) {
        guard let length = Self.length(bytes) else { return nil }
        let lines = String(decoding: bytes[..<(length - Self.end.count)], as: UTF8.self).split(separator: "\r\n", omittingEmptySubsequences: false)
        let words = lines[0].split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard words.count >= 2, words[0] == "HTTP/1.1", words[1].utf8.count == 3, let status = Int(words[1]) else { return nil }
        var headers = HTTPHeaders()
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let value = line[line.index(after: colon)...].split(whereSeparator: { $0 == " " || $0 == "\t" }).joined(separator: " ")
            headers.append(name: String(line[..<colon]), value: value)
        }
        self.status = status
        self.headers = headers
        self.length = length
    }

    private static func length(_ bytes: [UInt8]) -> Int? {
        guard bytes.count >= end.count else { return nil }
        return (end.count...bytes.count).first { bytes[($0 - end.count)..<$0].elementsEqual(end) }
    }
}
