import Orders

/// What Redis holds of one order, without Redis: the page of the state machine, by way of `OrderStep`.
///
/// All of it is single bytes without padding, because the explorer compares and hashes it as bytes. The number of events is left out, since with it
/// no two histories would ever meet: what an action says is in its answer.
struct OrderModel {
    /// An entry of a work stream that has not been acknowledged.
    struct Entry {
        /// What it stands for; none where this slot is free.
        var post = Post.none
        /// The consumer that holds it; zero before it was read.
        var owner: UInt8 = 0
    }

    /// An entry among the dead letters.
    struct Letter {
        var post = Post.none
        var isInDoubt = false
    }

    static let slots = 4
    /// What `entry` in the hash may name besides a slot.
    static let nothing: UInt8 = 255
    static let aRetry: UInt8 = 254
    /// The slot of what has been acknowledged.
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
    /// The delivery that was counted last; zero is none that could ask again.
    var startsToken: UInt8 = 0
    /// The transaction in the hash; zero is none.
    var transaction: UInt8 = 0
    var isPastDeadline = false
    /// Whether the hash has reached the end of its time to live.
    var isGone = false

    init() { entries[0] = Entry(post: Post(.router, round: 1)) }

    var isFinal: Bool { state.isFinal }
    var post: Post { state.stage.map { Post($0, round: Int(round)) } ?? .none }

    /// Puts an entry on a stream and returns its slot; nil when the bounds of the model leave no place.
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
