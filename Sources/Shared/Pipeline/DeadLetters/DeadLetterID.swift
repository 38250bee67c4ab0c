/// The id of a dead letter, unique over all partitions: `<partition>-<id in its stream>`. Older letters come first.
public struct DeadLetterID: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let partition: Int
    /// When the entry was given up, in ms of Redis' time.
    public let milliseconds: UInt64
    /// Tells letters of one millisecond apart.
    public let sequence: UInt64

    /// Reads `<partition>-<milliseconds>-<sequence>` as `description` writes it; nil for anything else.
    public init?(parsing text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, let partition = UInt16(parts[0]), let milliseconds = UInt64(parts[1]), let sequence = UInt64(parts[2]) else {
            return nil
        }
        self.partition = Int(partition)
        self.milliseconds = milliseconds
        self.sequence = sequence
        // Each letter has one spelling, so `+1` and `01` are refused. So is the last id that a stream can have: Redis refuses to read after it.
        guard description == text, milliseconds < .max || sequence < .max else { return nil }
    }

    init?(partition: Int, entry: String) { self.init(parsing: "\(partition)-\(entry)") }

    /// The id in the partition's stream.
    var entry: String { "\(milliseconds)-\(sequence)" }

    /// `0-1795248762173-0`.
    public var description: String { "\(partition)-\(entry)" }

    /// Orders by age, and letters of the same age by partition.
    public static func < (left: DeadLetterID, right: DeadLetterID) -> Bool {
        (left.milliseconds, left.sequence, left.partition) < (right.milliseconds, right.sequence, right.partition)
    }

    /// The argument of XRANGE from which a partition's stream has only letters younger than this one.
    func start(in partition: Int) -> String { (partition <= self.partition ? "(" : "") + entry }
}
