/// The place of an entry in its stream, from its id: `milliseconds-number`.
struct StreamPosition: Comparable {
    private let milliseconds: UInt64
    private let number: UInt64

    /// The place of an entry. Text that is no id has the first place.
    init(_ id: String) {
        let parts = id.split(separator: "-", maxSplits: 1)
        milliseconds = parts.first.flatMap { UInt64($0) } ?? 0
        number = parts.count > 1 ? UInt64(parts[1]) ?? 0 : 0
    }

    static func < (a: StreamPosition, b: StreamPosition) -> Bool { (a.milliseconds, a.number) < (b.milliseconds, b.number) }
}
