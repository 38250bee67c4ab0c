/// The difference of two words: the minimum number of letters to insert, remove, replace, or exchange with a neighbour.
public enum EditDistance {
    /// The distance (optimal string alignment). Time grows with the product of the lengths: the caller limits them.
    public static func between(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var previous: [Int] = []
        var current = Array(0...right.count)
        for (i, letter) in left.enumerated() {
            let beforePrevious = previous
            previous = current
            current[0] = i + 1
            for (j, other) in right.enumerated() {
                var shortest = min(previous[j + 1], current[j]) + 1
                shortest = min(shortest, previous[j] + (letter == other ? 0 : 1))
                if i > 0, j > 0, letter == right[j - 1], left[i - 1] == other { shortest = min(shortest, beforePrevious[j - 1] + 1) }
                current[j + 1] = shortest
            }
        }
        return current[right.count]
    }
}
