internal import EventLoop
internal import JSON

/// Shows how far each group is behind, over all partitions.
struct LagReport {
    private static let barWidth: Int64 = 20

    /// One group's row.
    struct Row: Sendable {
        let stream: String
        let group: String
        var backlog: Int64 = 0
        /// Whether Redis only knows that at least this many entries wait.
        var isLowerBound = false
        var inHand: Int64 = 0
        var oldestWaitingMs: Int64 = 0
        var oldestInHandMs: Int64 = 0
        /// Entries delivered in ten seconds. The engine gives the number per second with one decimal.
        var deliveredInTenSeconds: Int64 = 0
        var consumers: Int64 = 0
    }

    let rows: [Row]
    private let answer: JSONValue

    /// Nil if the answer is not that of `GET /api/streams`.
    init?(_ answer: JSONValue) {
        guard let streams = answer["streams"]?.array else { return nil }
        self.answer = answer
        var rows: [Row] = []
        for stream in streams {
            let name = stream["stream"]?.string ?? "?"
            for group in stream["groups"]?.array ?? [] {
                let title = group["group"]?.string ?? "?"
                let index = rows.firstIndex { $0.stream == name && $0.group == title } ?? rows.endIndex
                if index == rows.endIndex { rows.append(Row(stream: name, group: title)) }
                rows[index].add(group)
            }
        }
        self.rows = rows
    }

    @ServiceActor func show(on console: Console) {
        let longest = max(1, rows.map(\.backlog).max() ?? 0)
        var table = Table("STREAM", "GROUP", "BACKLOG", "", "OLDEST", "IN HAND", "OLDEST", "RATE", "DRAINS IN", "PROCESSES")
        for row in rows {
            table.add(
                Terminal.safe(row.stream), Terminal.safe(row.group), "\(row.backlog)\(row.isLowerBound ? "+" : "")",
                Bar.text(row.backlog, of: longest, width: Int(Self.barWidth)), Self.age(row.oldestWaitingMs), "\(row.inHand)",
                Self.age(row.oldestInHandMs), "\(row.deliveredInTenSeconds / 10).\(row.deliveredInTenSeconds % 10)/s", row.drain, "\(row.consumers)")
        }
        // On a narrow terminal these columns are left out first: the bar, the stream (its group stands for it), those of entries in hand, and DRAINS
        // IN.
        for (index, line) in table.lines(within: console.width, leavingOut: [3, 0, 6, 5, 8]).enumerated() {
            console.print(index == 0 ? console.paint(line, .faint) : console.paint(line, colour(rows[index - 1])))
        }
        let (waiting, due) = (answer["retries"]?["waiting"]?.integer ?? 0, answer["retries"]?["due"]?.integer ?? 0)
        let dead = answer["deadLetters"]?.integer ?? 0
        console.print("retries: \(waiting) waiting, \(due) due; dead letters: \(dead > 0 ? console.paint("\(dead)", .yellow) : "0")")
        if answer["door"]?["open"]?.bool == false {
            let reason = answer["door"]?["reason"]?.string.map { " (\(Terminal.safe($0)))" } ?? ""
            let since = Terminal.safe(answer["door"]?["since"]?.string ?? "?")
            console.print(console.paint("The engine is paused since \(since)\(reason): new orders get 503. orderctl resume ends the pause.", .yellow))
        }
    }

    private static func age(_ milliseconds: Int64) -> String { milliseconds == 0 ? "-" : TimeText.duration(milliseconds: milliseconds) }

    /// Red if no process serves the group, yellow if entries wait for long.
    private func colour(_ row: Row) -> Terminal.Colour? {
        if row.consumers == 0 { return .red }
        return row.oldestWaitingMs > 10_000 ? .yellow : nil
    }
}

extension LagReport.Row {
    fileprivate mutating func add(_ group: JSONValue) {
        func number(_ name: String) -> Int64 { group[name]?.integer ?? 0 }
        backlog = Self.sum(backlog, number("lag"))
        isLowerBound = isLowerBound || group["lagKnown"]?.bool == false
        inHand = Self.sum(inHand, number("pending"))
        oldestWaitingMs = max(oldestWaitingMs, number("oldestWaitingMs"))
        oldestInHandMs = max(oldestInHandMs, number("oldestPendingMs"))
        deliveredInTenSeconds = Self.sum(deliveredInTenSeconds, Self.tenths(group["deliveredPerSecond"]?.number ?? "0"))
        consumers = max(consumers, number("consumers"))
    }

    /// The time to drain at the current rate.
    fileprivate var drain: String {
        guard backlog > 0 else { return "-" }
        guard deliveredInTenSeconds > 0 else { return "never" }
        let (milliseconds, overflow) = backlog.multipliedReportingOverflow(by: 10_000)
        return overflow ? "never" : TimeText.duration(milliseconds: milliseconds / deliveredInTenSeconds)
    }

    /// A decimal number as tenths: `12.3` is 123.
    private static func tenths(_ text: String) -> Int64 {
        let parts = text.split(separator: ".", maxSplits: 1)
        let (whole, overflow) = (parts.first.flatMap { Int64($0) } ?? 0).multipliedReportingOverflow(by: 10)
        let digit = parts.count > 1 ? parts[1].first?.wholeNumberValue ?? 0 : 0
        return overflow ? .max : sum(whole, Int64(digit))
    }

    /// A sum that stops at the largest number: the numbers come from outside.
    private static func sum(_ left: Int64, _ right: Int64) -> Int64 {
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? .max : sum
    }
}
