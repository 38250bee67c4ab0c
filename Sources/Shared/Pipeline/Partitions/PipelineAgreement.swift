/// A count of partitions that an engine had before it grew.
struct FormerCount: Equatable, Sendable {
    let count: Int
    /// Until then, in ms of Redis, the record of an idempotency key may be where this count puts it.
    let until: UInt64
}

/// What all processes on one Redis agree on: over how many partitions orders are shared out, and in which form they are kept in them.
///
/// Its text:
/// - `4/2`: four partitions, form 2.
/// - `4>8/2`: the count is being changed, while no process works.
/// - `4+8/2g`: the engine grows while it works. Processes begin to read eight partitions, and orders still go to four.
/// - `8<4@1764380000000/2g`: it has grown from four to eight. Until that time a key may have its record where four partitions put it.
///
/// Versions that know only of the first form write `4`. To them every other text is another count, so they do not start. To versions that cannot grow
/// the `g` is a form that they do not know, so they do not start either.
struct PipelineAgreement: Equatable, CustomStringConvertible, Sendable {
    /// The number of the form that this version uses.
    static let currentLayout = "2"
    private static let firstLayout = "1"
    private static let growingLayout = currentLayout + "g"
    /// An order's id has one byte for its partition.
    static let maxPartitions = 256

    /// The count of partitions; two counts while it is being changed or grows.
    let counts: [Int]
    /// Whether the engine grows from the first to the second count.
    let isGrowing: Bool
    /// The counts of before, the newest first.
    let former: [FormerCount]
    let layout: String

    private init(counts: [Int], isGrowing: Bool = false, former: [FormerCount] = [], layout: String = currentLayout) {
        (self.counts, self.isGrowing, self.former, self.layout) = (counts, isGrowing, former, layout)
    }

    /// What this version agrees to.
    init(partitions: Int...) { self.init(counts: partitions) }

    /// Reads a text. What is no count counts as one partition.
    init(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1)
        let head = (parts.first ?? "").split(separator: "<")
        let current = head.first ?? ""
        counts = current.split { $0 == ">" || $0 == "+" }.map(Self.count)
        isGrowing = current.contains("+")
        former = head.dropFirst().map { entry in
            let pair = entry.split(separator: "@", maxSplits: 1)
            return FormerCount(count: Self.count(pair.first ?? ""), until: pair.count > 1 ? UInt64(pair[1]) ?? .max : .max)
        }.filter { [placing = counts.first ?? 1] in $0.count < placing }
        let form = parts.count > 1 ? String(parts[1]) : Self.firstLayout
        layout = form == Self.growingLayout ? Self.currentLayout : form
    }

    private static func count(_ text: Substring) -> Int { min(max(Int(text) ?? 1, 1), maxPartitions) }

    var description: String {
        counts.map(String.init).joined(separator: isGrowing ? "+" : ">") + former.map { "<\($0.count)@\($0.until)" }.joined() + "/" + form
    }

    private var form: String { isCurrent && (isGrowing || !former.isEmpty) ? Self.growingLayout : layout }

    /// Whether orders are in the form of this version.
    var isCurrent: Bool { layout == Self.currentLayout }
    /// Whether orders are in the form of the version before.
    var isEarlier: Bool { layout == Self.firstLayout }
    /// All partitions that may hold something: those of the highest count.
    var most: Int { counts.max() ?? 1 }
    /// Those that every count has.
    var least: Int { counts.min() ?? 1 }
    /// Whether processes may work: the count is not being changed.
    var isAtWork: Bool { isCurrent && (counts.count == 1 || isGrowing) }
    /// The count by which orders are shared out.
    var placing: Int { counts.first ?? 1 }
    /// The count that the engine grows to; nil if it does not.
    var growingTo: Int? { isGrowing ? counts.last : nil }

    /// What a process says of itself that reads all partitions.
    var reading: String { PipelineAgreement(partitions: most).description }

    /// Whether a process that was started with this count works with the others: the count itself, one that the engine grows to, or one of before.
    func includes(_ given: Int) -> Bool { counts.contains(given) || hasGrown(from: given) }
    /// Whether the engine had this count before.
    func hasGrown(from given: Int) -> Bool { former.contains { $0.count == given } }

    /// The same engine while it grows.
    func growing(to count: Int) -> PipelineAgreement { PipelineAgreement(counts: [placing, count], isGrowing: true, former: former) }

    /// The same engine once it has grown. `until` is when the last record of the count of before has expired.
    func grown(until: UInt64) -> PipelineAgreement {
        PipelineAgreement(counts: [most], former: [FormerCount(count: placing, until: until)] + former.filter { $0.count != placing })
    }

    /// The same engine without the counts of before.
    var settled: PipelineAgreement { PipelineAgreement(counts: [placing]) }
}
