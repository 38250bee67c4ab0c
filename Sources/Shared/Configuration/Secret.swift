/// A text that must not be shown: printing it, alone or inside of something, says nothing of it.
public struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible {
    /// The text itself, for whoever needs it.
    public let text: String

    /// Hides `text`.
    public init(_ text: String) {
        self.text = text
    }

    /// Safe to log.
    public var description: String { "(hidden)" }
    /// As ``description``.
    public var debugDescription: String { description }
}
