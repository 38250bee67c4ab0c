/// A text that must not be shown. Printing it, alone or inside another value, reveals nothing.
public struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible {
    /// The text itself.
    public let text: String

    /// Hides `text`.
    public init(_ text: String) { self.text = text }

    public var description: String { "(hidden)" }
    /// The same as ``description``.
    public var debugDescription: String { description }
}
