internal import Orders

/// Finds the word that a misspelt one was meant to be.
enum Spelling {
    /// The nearest word, where at most two letters are wrong, missing, too many or changed over, and most of the word is right; nil where none is
    /// that near.
    static func nearest(to word: String, among words: [String]) -> String? {
        let typed = Array(word.lowercased().utf8.prefix(64))
        let maxDistance = min(2, typed.count / 3)
        return words.map { ($0, EditDistance.between(typed, Array($0.utf8))) }.filter { $0.1 <= maxDistance }.min { $0.1 < $1.1 }?.0
    }
}
