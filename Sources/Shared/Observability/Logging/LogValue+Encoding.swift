internal import JSON

extension LogValue {
    var json: String {
        switch self {
        case .string(let text): JSONWriter.value(text)
        case .integer(let number): String(number)
        case .boolean(let flag): flag ? "true" : "false"
        }
    }

    /// The value for people. Text is in quotes only if it would be hard to read without them, or could be taken for another field or line.
    var plain: String {
        guard case .string(let text) = self else { return json }
        let isPlain = !text.isEmpty && text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7F && $0 != "\"" && $0 != "=" }
        return isPlain ? text : json
    }

    /// Text cut to at most `limit` bytes, with an ellipsis at the end. Other values stay as they are.
    func cut(to limit: Int) -> LogValue {
        guard case .string(let text) = self, text.utf8.count > limit else { return self }
        var end = text.utf8.index(text.startIndex, offsetBy: limit - "…".utf8.count)
        while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
        return .string(text[..<end] + "…")
    }
}
