internal import Configuration

/// The target of a request, such as `/api/orders?limit=10`, checked and split.
struct RequestTarget: Sendable {
    /// The target as it was sent.
    let raw: String
    /// The path as it was sent, from the first `/`; `*` for `OPTIONS *`.
    let rawPath: String
    /// The path with its escapes decoded.
    let path: String
    /// The text after the `?`, as it was sent; empty if there is none.
    let rawQuery: String

    /// Nil for a target that is neither a path nor an absolute URL, or that has other than visible ASCII characters or a wrong escape.
    init?(_ raw: String) {
        guard raw.utf8.allSatisfy({ 0x21...0x7e ~= $0 && $0 != UInt8(ascii: "#") }) else { return nil }
        let origin = Self.withoutOrigin(raw)
        guard let end = origin.utf8.firstIndex(of: UInt8(ascii: "?")) else {
            guard let decoded = PercentEncoding.decode(origin[...]) else { return nil }
            self.init(raw: raw, rawPath: origin, path: decoded, rawQuery: "")
            return
        }
        let path = String(origin[..<end])
        let query = String(origin[origin.utf8.index(after: end)...])
        guard let decoded = PercentEncoding.decode(path[...]), PercentEncoding.decode(query[...]) != nil else { return nil }
        self.init(raw: raw, rawPath: path, path: decoded, rawQuery: query)
    }

    private init?(raw: String, rawPath: String, path: String, rawQuery: String) {
        guard rawPath.utf8.first == UInt8(ascii: "/") || rawPath == "*" else { return nil }
        self.raw = raw
        self.rawPath = rawPath
        self.path = path
        self.rawQuery = rawQuery
    }

    /// The segments of the path. They are split before they are decoded, so that an escaped slash stays inside its segment.
    var segments: [String] { rawPath.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map { PercentEncoding.decode($0) ?? "" } }

    /// The pairs of the query, decoded; `+` stands for a space.
    var query: [(name: String, value: String)] {
        rawQuery.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (Self.decoded(form: parts[0]), parts.count > 1 ? Self.decoded(form: parts[1]) : "")
        }
    }

    private static func decoded(form text: Substring) -> String {
        PercentEncoding.decode(Substring(text.utf8.map { $0 == UInt8(ascii: "+") ? " " : Character(Unicode.Scalar($0)) })) ?? ""
    }

    /// An absolute URL (RFC 9112, 3.2.2) without its scheme and host.
    private static func withoutOrigin(_ raw: String) -> String {
        guard raw.utf8.first != UInt8(ascii: "/") else { return raw }
        for scheme in ["http://", "https://"] where raw.lowercased().hasPrefix(scheme) {
            let rest = raw.dropFirst(scheme.count)
            guard let start = rest.firstIndex(where: { $0 == "/" || $0 == "?" }) else { return "/" }
            return rest[start] == "/" ? String(rest[start...]) : "/" + rest[start...]
        }
        return raw
    }
}
