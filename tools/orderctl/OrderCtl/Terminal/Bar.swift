/// Shows a share of a whole as a row of blocks.
enum Bar {
    /// `filled` of `whole`, `width` columns wide. Any share above zero shows at least one block.
    static func text(_ filled: Int64, of whole: Int64, width: Int) -> String {
        guard whole > 0, filled > 0 else { return String(repeating: "░", count: width) }
        let share = min(filled, whole).multipliedFullWidth(by: Int64(width))
        let blocks = max(1, Int(whole.dividingFullWidth(share).quotient))
        return String(repeating: "█", count: blocks) + String(repeating: "░", count: width - blocks)
    }
}
