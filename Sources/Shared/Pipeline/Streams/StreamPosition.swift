/// The place of an entry in its stream, from its id: `milliseconds-number`.
struct StreamPosition: Comparable {
    private let milliseconds: UInt64
    private let number: UInt64

    /// The place of an entry. Text that is no id has the first place.
    init(_ id: String) {
        milliseconds = Self.milliseconds(of: id) ?? 0
        number = UInt64(digits: id.utf8[...].drop { $0 != Self.dash }.dropFirst()) ?? 0
    }

    private static let dash = UInt8(ascii: "-")

    /// When an entry was added, in ms of Redis' clock; nil for text that is no id.
    static func milliseconds(of id: String) -> UInt64? { UInt64(digits: id.utf8[...].prefix { $0 != dash }) }

    static func < (a: StreamPosition, b: StreamPosition) -> Bool { (a.milliseconds, a.number) < (b.milliseconds, b.number) }
}
