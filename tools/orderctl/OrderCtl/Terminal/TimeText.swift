internal import Orders

/// Times in the form for people.
enum TimeText {
    /// `850 ms`, `1.2 s`, `3 min 5 s`, `2 h 10 min`.
    static func duration(milliseconds: Int64) -> String {
        let seconds = milliseconds / 1000
        switch milliseconds {
        case ..<1000: return "\(max(0, milliseconds)) ms"
        case ..<60_000: return "\(seconds).\(milliseconds / 100 % 10) s"
        case ..<3_600_000: return "\(seconds / 60) min \(seconds % 60) s"
        default: return "\(seconds / 3600) h \(seconds / 60 % 60) min"
        }
    }

    /// The time of day of an engine's timestamp, `07:30:17.789`. A text that is no timestamp stays as it is.
    static func clock(_ timestamp: String) -> String {
        let parts = timestamp.split(separator: "T", maxSplits: 1)
        return Terminal.safe(parts.count == 2 ? String(parts[1].prefix { $0 != "Z" }) : timestamp)
    }

    /// The time from one timestamp to a later one, in ms; 0 if one of them is no timestamp.
    static func between(_ from: String, _ to: String) -> Int64 {
        guard let from = Timestamp.parse(from), let to = Timestamp.parse(to) else { return 0 }
        return to - from
    }
}
