/// What the files that list tokens and pools have in common.
public enum ListFile {
    /// Mistakes that are told one by one.
    private static let maxTold = 10

    /// A file's text without the byte order mark that some editors begin it with.
    public static func text(_ bytes: [UInt8]) -> [UInt8] { bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes }

    /// The first ten of some mistakes in one line, and how many more there are.
    public static func first(of problems: [String]) -> String {
        let more = problems.count - min(problems.count, maxTold)
        return problems.prefix(maxTold).joined(separator: "; ") + (more > 0 ? "; and \(more) more" : "")
    }
}
