/// Helpers for the readers of token lists and pool lists.
public enum ListFile {
    /// How many mistakes are listed one by one.
    private static let maxTold = 10

    /// The text of a file without the byte order mark that some editors put first.
    public static func text(_ bytes: [UInt8]) -> [UInt8] { bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes }

    /// The first ten mistakes in one line, and how many more there are.
    public static func first(of problems: [String]) -> String {
        let more = problems.count - min(problems.count, maxTold)
        return problems.prefix(maxTold).joined(separator: "; ") + (more > 0 ? "; and \(more) more" : "")
    }
}
