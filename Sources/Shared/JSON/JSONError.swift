/// Why a text is not JSON that this module accepts.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds of mistakes.
    public enum Code: String, Sendable, CaseIterable {
        /// The text ends before its value does.
        case unexpectedEnd
        /// A byte that is not allowed at this place.
        case unexpectedByte
        /// The text begins with a byte order mark.
        case byteOrderMark
        /// More text after the value.
        case trailingData
        /// A number that RFC 8259 does not allow, such as `01`, `1.` or `+1`.
        case invalidNumber
        /// A backslash followed by something that is no escape.
        case invalidEscape
        /// A raw control character in a string.
        case controlCharacter
        /// Half of a surrogate pair.
        case loneSurrogate
        /// Bytes that are not UTF-8.
        case invalidUTF8
        /// `\u0000`, if the caller refuses it.
        case nulCharacter
        /// A name that its object already has.
        case duplicateName
        /// More nested arrays and objects than allowed.
        case tooDeep
    }

    /// The kind of mistake.
    public let code: Code
    /// The place of the mistake: a byte offset from the start of the text.
    public let offset: Int
    /// One sentence; safe to log and to show.
    public let message: String
    /// The repeated name of `duplicateName`; nil if it is not short and printable ASCII.
    public let name: String?

    init(_ code: Code, at offset: Int, _ reason: String, name: String? = nil) {
        self.code = code
        self.name = name
        self.offset = offset
        message = "\(reason) at byte \(offset)."
    }

    public var description: String { message }
}
