internal import Orders

/// Finds the word that a misspelt word probably stands for.
enum Spelling {
    /// The nearest word, if at most two letters and at most a third of them are wrong, missing, too many or swapped; nil if there is none.
    static func nearest(to word: String, among words: [String]) -> String? {
        let typed = Array(word.lowercased().utf8.prefix(64))
        let maxDistance = min(2, typed.count / 3)
        return words.map { ($0, EditDistance.between(typed, Array($0.utf8))) }.filter { $0.1 <= maxDistance }.min { $0.1 < $1.1 }?.0
    }
}
