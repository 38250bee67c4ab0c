/// The place of an entry in its stream, from its id: `milliseconds-number`.
struct StreamPosition: Comparable {
    private let milliseconds: UInt64
    private let number: UInt64

    /// The place of an entry. Text that is no id has the first place.
    init(_ id: String) {
        let text = id.utf8[...]
        let dash = text.firstIndex(of: UInt8(ascii: "-")) ?? text.endIndex
        milliseconds = UInt64(digits: text[..<dash]) ?? 0
        number = UInt64(digits: text[dash...].dropFirst()) ?? 0
    }

    static func < (a: StreamPosition, b: StreamPosition) -> Bool { (a.milliseconds, a.number) < (b.milliseconds, b.number) }
}
