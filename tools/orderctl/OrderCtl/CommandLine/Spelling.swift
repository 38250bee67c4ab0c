/// Finds the word that a misspelt one was meant to be.
enum Spelling {
    /// The nearest word, where at most two letters are wrong, missing, too many or changed over, and most of the word is right; nil where none is
    /// that near.
    static func nearest(to word: String, among words: [String]) -> String? {
        let typed = Array(word.lowercased().utf8.prefix(64))
        let most = min(2, typed.count / 3)
        return words.map { ($0, distance(typed, Array($0.utf8))) }.filter { $0.1 <= most }.min { $0.1 < $1.1 }?.0
    }

    /// Letters to change, to add, to take away or to change over with the next one.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var (before, last) = ([Int](), Array(0...right.count))
        for (row, letter) in left.enumerated() {
            var line = [row + 1]
            for (column, other) in right.enumerated() {
                var least = min(last[column] + (letter == other ? 0 : 1), last[column + 1] + 1, line[column] + 1)
                if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other { least = min(least, before[column - 1] + 1) }
                line.append(least)
            }
            (before, last) = (last, line)
        }
        return last[right.count]
    }
}
