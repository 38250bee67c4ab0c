/// The address of Postgres in the form of libpq: `postgres://user:password@host:port/database`. Only libpq reads the parts.
public struct PostgresURL: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible {
    /// The whole URL with its password. It is for libpq and must never be logged.
    public let text: String

    /// Nil if `text` does not begin like such a URL or has a control character in it. White space around it is dropped: files of secrets end with it.
    public init?(_ text: String) {
        let text = Self.trimmed(text)
        guard Self.refusal(of: text) == nil else { return nil }
        self.text = text
    }

    /// Why `text` is no such URL, as the rest of a sentence; nil if it may be one. Repeats no part of it except the scheme.
    static func refusal(of text: String) -> String? {
        let text = trimmed(text)
        let form = "postgres://user:password@host:port/database"
        if text.lowercased().hasPrefix("jdbc:") { return "is a URL for JDBC: leave out \"jdbc:\" and write \(form)" }
        guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F && $0 != "\u{FFFD}" }) else {
            return "has a line break, a control character or a byte that is no UTF-8 in it: write it as its escape, such as %0A"
        }
        let scheme = text.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }
        guard text.dropFirst(scheme.count).hasPrefix("://"), text.count > scheme.count + 3 else { return "must be \(form)" }
        let parts = scheme.lowercased().split(separator: "+", maxSplits: 1)
        guard let first = parts.first, ["postgres", "postgresql"].contains(first) else { return "must be \(form)" }
        return parts.count == 1 ? nil : "begins with \"\(scheme)://\", which names a driver of Python's SQLAlchemy: write \(first)://"
    }

    private static func trimmed(_ text: String) -> String {
        let start = text.drop(while: \.isWhitespace)
        return String(String(start.reversed().drop(while: \.isWhitespace)).reversed())
    }

    private init() { text = "" }

    /// The stand-in that a reader holds after a mistake.
    static let missing = PostgresURL()

    /// Hides user, password and host. Safe to log.
    public var description: String { "postgres://(hidden)" }
    /// The same as ``description``.
    public var debugDescription: String { description }
}
