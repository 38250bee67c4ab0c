/// Makes texts fit for a terminal.
enum Terminal {
    /// Colours by their number in ECMA-48.
    enum Colour: Int, Sendable {
        case red = 31
        case green = 32
        case yellow = 33
        case faint = 2
    }

    /// A text that cannot move the cursor, change colours or reverse the line. Characters that could are written as `\u{9b}`.
    static func safe(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
                result += "\\u{" + String(scalar.value, radix: 16) + "}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// The number of columns of a text, without its colour codes.
    static func width(_ text: String) -> Int {
        guard text.utf8.contains(0x1B) else { return text.count }
        var (width, isColour) = (0, false)
        for character in text {
            if character == "\u{1B}" { isColour = true }
            if !isColour { width += 1 }
            if character == "m" { isColour = false }
        }
        return width
    }

    /// A text cut to a length. If it was longer, its size in bytes is added.
    static func cut(_ text: String, to length: Int) -> String {
        guard text.unicodeScalars.count > length else { return safe(text) }
        return safe(String(String.UnicodeScalarView(text.unicodeScalars.prefix(length)))) + "… (\(text.utf8.count) bytes)"
    }
}
