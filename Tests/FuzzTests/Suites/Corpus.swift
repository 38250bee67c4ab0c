import TestSupport

/// The kept inputs of a target, a line each: printable ASCII as it is, any other byte as `\xHH`, and two backslashes for one.
struct Corpus {
    let inputs: [[UInt8]]

    init(of target: FuzzTarget) throws {
        let text = ["", "Regressions/"].map { contents(of: packageRoot + "/Tests/FuzzTests/Corpus/\($0)\(target.name).txt") }
        inputs = try text.joined().split(separator: "\n").map { line in
            guard let input = Self.input(of: line.utf8[...]) else { throw TestFailure("a wrong line in the corpus of \(target.name)") }
            return input
        }
    }

    private static func input(of line: Substring.UTF8View) -> [UInt8]? {
        var rest = line
        var input: [UInt8] = []
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                input.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "\\"): input.append(byte)
            case UInt8(ascii: "x"):
                guard let value = UInt8(String(Substring(rest.prefix(2))), radix: 16) else { return nil }
                input.append(value)
                rest = rest.dropFirst(2)
            default: return nil
            }
        }
        return input
    }

    /// The line of an input.
    static func line(of input: [UInt8]) -> String {
        input.map { byte in
            switch byte {
            case UInt8(ascii: "\\"): "\\\\"
            case 0x20...0x7E: String(Unicode.Scalar(byte))
            default: "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }.joined()
    }
}
