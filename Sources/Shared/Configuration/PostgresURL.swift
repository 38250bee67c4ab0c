/// Where Postgres is, as libpq reads it: `postgres://user:password@host:port/database`. Only libpq looks inside.
public struct PostgresURL: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible {
    /// The whole URL with its password: for libpq, never for a log.
    public let text: String

    /// Nil when `text` does not begin as such a URL or holds what no URL may.
    public init?(_ text: String) {
        guard ["postgres://", "postgresql://"].contains(where: { text.hasPrefix($0) && text.count > $0.count }) else { return nil }
        guard text.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else { return nil }
        self.text = text
    }

    private init() {
        text = ""
    }

    /// What a reader holds after a mistake.
    static let missing = PostgresURL()

    /// Says nothing of user, password or host. Safe to log.
    public var description: String { "postgres://(hidden)" }
    /// As ``description``.
    public var debugDescription: String { description }
}
