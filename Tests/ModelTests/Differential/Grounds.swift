import Orders
import TestOrders
import TestSupport

@testable import Pipeline

/// The state of a partition beside its orders, for one batch of cases.
struct Grounds {
    enum Stream { case fine, full, otherType }

    /// The time of the engine in every case, in ms. It is far ahead of Redis' clock, so that it stands still.
    static let now: UInt64 = 4_000_000_000_000
    /// A user whose list is a key of another type.
    static let unlisted: UserID = "unlisted"
    /// An account whose set of open orders is a key of another type.
    static let uncounted = Account(owner: Owner(key: "uncounted"), user: nil)
    private static let last = "18446744073709551615-18446744073709551615"

    private(set) var accepted = Stream.fine
    private(set) var routed = Stream.fine
    private(set) var events = Stream.fine
    private(set) var areDeadlinesFine = true
    private(set) var isPaused = false
    /// The count by which keys find their partition: any one, the count of the cases (1), or another one.
    private(set) var placing: Int?
    /// Whether the groups have passed all entries, so that an entry that is not pending counts as finished.
    private(set) var isPassed: Bool
    /// Where the events stream takes no entry: whether entries stand for the events of all orders, or of none. With some of each, the failed ones
    /// would give the entries of the two copies different ids.
    private(set) var areAnnounced: Bool

    /// Nothing is wrong.
    init(using random: inout SeededGenerator) {
        isPassed = Bool.random(using: &random)
        areAnnounced = Bool.random(using: &random)
    }

    /// Mostly nothing is wrong. A stream of entries in hand is never of another type.
    static func random(using random: inout SeededGenerator) -> Grounds {
        var grounds = Grounds(using: &random)
        func rarely(_ share: Int, _ stream: Stream) -> Stream { Int.random(in: 0..<share, using: &random) == 0 ? stream : .fine }
        grounds.accepted = rarely(12, .full)
        grounds.routed = rarely(12, .full)
        grounds.events = Bool.random(using: &random) ? rarely(6, .full) : rarely(12, .otherType)
        grounds.areDeadlinesFine = Int.random(in: 0..<15, using: &random) > 0
        grounds.isPaused = Int.random(in: 0..<10, using: &random) == 0
        grounds.placing = [nil, nil, nil, 1, 2].randomElement(using: &random)!
        return grounds
    }

    /// One thing is wrong, each in turn by the number.
    static func withOneFault(_ number: Int, using random: inout SeededGenerator) -> Grounds {
        var grounds = Grounds(using: &random)
        switch number % 8 {
        case 0: grounds.accepted = .full
        case 1: grounds.routed = .full
        case 2: (grounds.events, grounds.areAnnounced) = (.full, false)
        case 3: (grounds.events, grounds.areAnnounced) = (.full, true)
        case 4: grounds.events = .otherType
        case 5: grounds.areDeadlinesFine = false
        case 6: grounds.placing = 2
        default: grounds.isPaused = true
        }
        return grounds
    }

    /// The id of an entry that a case adds. Redis numbers new entries from the last one on, because its clock is behind it: so both copies get the
    /// same ids.
    static func entry(_ stage: Stage, _ number: Int) -> String { "\(now + (stage == .router ? 1 : 2))-\(number)" }

    /// The commands before those of the cases.
    func first(_ keys: Keys) -> [[String]] {
        var commands = [["HSET", keys.clock, "highest", String(Self.now), "ahead", "0"], ["SET", keys.user(Self.unlisted), "no list"]]
        commands.append(["SET", keys.open(Self.uncounted), "no set"])
        for (stream, group) in keys.groups where stream != keys.events || events != .otherType {
            commands.append(["XGROUP", "CREATE", stream, group, "0", "MKSTREAM"])
        }
        commands.append(events == .otherType ? ["SET", keys.events, "no stream"] : ["XADD", keys.events, "\(Self.now + 3)-1", "id", "x"])
        if !areDeadlinesFine { commands.append(["SET", keys.deadlines, "no set"]) }
        if isPaused { commands.append(["HSET", keys.paused, "since", "1", "reason", "a test"]) }
        if let placing { commands.append(["SET", keys.placing, String(placing)]) }
        return commands
    }

    /// The commands after those of the cases.
    func last(_ keys: Keys) -> [[String]] {
        var commands: [[String]] = []
        for (stream, state) in [(keys.accepted, accepted), (keys.routed, routed), (keys.events, events)] where state == .full {
            commands.append(["XADD", stream, Self.last, "id", "the last one"])
        }
        if isPassed { for stage in Stage.allCases { commands.append(["XGROUP", "SETID", keys.source(of: stage), stage.group, "$"]) } }
        return commands
    }
}
