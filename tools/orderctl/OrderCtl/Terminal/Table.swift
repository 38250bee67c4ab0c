/// Rows of texts. Each column is as wide as its widest text. Colour codes take no space.
struct Table: Sendable {
    private var rows: [[String]]

    init(_ header: String...) { self.init(header) }

    init(_ header: [String]) { rows = [header] }

    mutating func add(_ cells: String...) { rows.append(cells) }

    mutating func add(_ cells: [String]) { rows.append(cells) }

    /// The lines, header first.
    var lines: [String] {
        let widths = widths
        return rows.map { row in
            var line = ""
            for (index, cell) in row.enumerated() {
                line += index == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[index] - Terminal.width(cell) + 2)
            }
            return line
        }
    }

    /// The lines within a width, so that a terminal does not wrap them. Columns are left out one by one until the others fit.
    ///
    /// - Parameters:
    ///   - width: the number of columns; nil for no limit.
    ///   - order: the columns that may be left out, by index, the least important first.
    func lines(within width: Int?, leavingOut order: [Int]) -> [String] {
        guard let width else { return lines }
        let widths = widths
        var kept = Set(widths.indices)
        for index in order where kept.reduce(0, { $0 + widths[$1] + 2 }) - 2 > width { kept.remove(index) }
        var table = self
        table.rows = rows.map { row in row.indices.filter(kept.contains).map { row[$0] } }
        return table.lines
    }

    private var widths: [Int] {
        rows.reduce(into: [Int](repeating: 0, count: rows[0].count)) { widths, row in
            for (index, cell) in row.enumerated() { widths[index] = max(widths[index], Terminal.width(cell)) }
        }
    }
}
