import Orders

/// What Redis holds of one order, without Redis. It follows the page on the state machine, by way of `OrderStep`.
///
/// All members are single bytes without padding, because the explorer compares and hashes the model as bytes. The number of events is left out,
/// because with it no two histories would ever meet. The answer of an action has the events that it wrote.
struct OrderModel {
    /// An entry of a work stream that has not been acknowledged.
    struct Entry {
        /// What the entry stands for. `none` if this slot is free.
        var post = Post.none
        /// The consumer that has the entry in hand. Zero until it is read.
        var owner: UInt8 = 0
        /// How often the entry was delivered. Two stands for all above it where the exact count does not matter.
        var deliveries: UInt8 = 0
    }

    /// A dead letter.
    struct Letter {
        var post = Post.none
        var isInDoubt = false
    }

    static let slots = 4
    /// What `entry` in the hash may name besides a slot.
    static let nothing: UInt8 = 255
    static let aRetry: UInt8 = 254
    /// The order waits for its price.
    static let armed: UInt8 = 253
    /// The slot of an entry that was acknowledged.
    static let gone: UInt8 = 255

    var state = OrderState.pending
    var round: UInt8 = 1
    var attempt: UInt8 = 1
    /// How often the quote was too old.
    var stale: UInt8 = 0
    /// What `entry` names: a slot, a retry of this round, or nothing.
    var named: UInt8 = 0
    var entries = InlineArray<4, Entry>(repeating: Entry())
    /// The members of `retries`.
    var retries = InlineArray<2, Post>(repeating: .none)
    var letters = InlineArray<4, Letter>(repeating: Letter())
    var startsPost = Post.none
    var starts: UInt8 = 0
    /// The delivery that was counted last. Zero if no delivery can ask again.
    var startsToken: UInt8 = 0
    /// The transaction in the hash. Zero if there is none.
    var transaction: UInt8 = 0
    private var marks: Marks = .counted
    /// Whether the hash has expired.
    var isGone = false

    /// Two marks in one byte, because the bytes of a world are compared and hashed eight at a time.
    private struct Marks: OptionSet {
        let rawValue: UInt8
        static let counted = Marks(rawValue: 1)
        static let pastDeadline = Marks(rawValue: 2)
        /// One of the rests that the order may still take; they are counted in the bits from this one on.
        static let rest = Marks(rawValue: 4)
    }

    /// How often the order may still wait again.
    var rests: UInt8 {
        get { marks.rawValue / Marks.rest.rawValue }
        set { marks = Marks(rawValue: marks.rawValue % Marks.rest.rawValue + newValue * Marks.rest.rawValue) }
    }

    var isPastDeadline: Bool {
        get { marks.contains(.pastDeadline) }
        set { marks.formSymmetricDifference(newValue == isPastDeadline ? [] : .pastDeadline) }
    }

    /// Whether its account's open orders count it.
    var isCounted: Bool {
        get { marks.contains(.counted) }
        set { marks.formSymmetricDifference(newValue == isCounted ? [] : .counted) }
    }

    init() { entries[0] = Entry(post: Post(.router, round: 1)) }

    var isFinal: Bool { state.isFinal }
    var post: Post { state.stage.map { Post($0, round: Int(round)) } ?? .none }

    /// Whether the order is where another one is. An order never comes back to a place that it has left.
    func isAtPlace(of other: OrderModel) -> Bool {
        state == other.state && round == other.round && attempt == other.attempt && named == other.named
    }

    /// Puts an entry on a stream and returns its slot. Nil if the bounds of the model leave no place.
    mutating func add(_ post: Post, owner: UInt8 = 0) -> UInt8? {
        for slot in 0..<Self.slots where entries[slot].post.isNone {
            entries[slot] = Entry(post: post, owner: owner)
            return UInt8(slot)
        }
        return nil
    }

    mutating func acknowledge(_ slot: UInt8) {
        entries[Int(slot)] = Entry()
        if named == slot { named = Self.nothing }
    }

    mutating func bury(_ slot: UInt8, isInDoubt: Bool) {
        let index = (0..<letters.count).first { letters[$0].post.isNone }
        letters[index!] = Letter(post: entries[Int(slot)].post, isInDoubt: isInDoubt)
        acknowledge(slot)
    }
}
