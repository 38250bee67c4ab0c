import Orders
import TestSupport

@testable import Pipeline

/// The state of one order, and the usual step that a worker asks for. Most are as they should be for that step, but for one thing.
struct Situation {
    /// How the group has the worker's entry.
    enum Holding: CaseIterable { case first, again, stranger, notAtAll }
    enum Hash: CaseIterable { case usual, missing, otherType, unreadable, withoutDetails }
    /// Whether the worker has seen the order where it is.
    enum Sight: CaseIterable { case exact, ownEntry, earlier, otherEntry, otherState, noPlace }
    enum Standing: CaseIterable { case own, other, retry, nothing }

    static let counted = Account(owner: Owner(key: "bot"), user: nil)

    /// Nil if the router begins.
    let move: UsualMove?
    let life: SampleLife
    let round: Int
    /// The numbers of the worker's entry and of another one of the same order.
    private(set) var number: Int
    private(set) var otherNumber: Int
    let standing: Standing
    private(set) var holding: Holding
    let hash: Hash
    let sight: Sight
    /// Whose open orders count the order; nil if none do.
    let account: Account?
    /// The field `p`; empty without it.
    let announced: String
    /// The field `d`; empty without it.
    let starts: String
    /// Whether an earlier case of the batch is about the same order.
    private(set) var isCopy = false

    var order: Order { life.order }
    var stage: Stage { move.map { $0.source.stage ?? .executor } ?? .router }
    var source: OrderState { move?.source ?? .pending }

    init(_ move: UsualMove?, number: Int, on grounds: Grounds, using random: inout SeededGenerator) {
        func usually<Value>(_ usual: Value, _ all: [Value]) -> Value {
            Int.random(in: 0..<8, using: &random) > 0 ? usual : all.randomElement(using: &random)!
        }
        self.move = move
        let source = move?.source ?? .pending
        life = SampleLife(in: usually(source, OrderState.allCases), using: &random)
        round = usually(1, [2, 3])
        (self.number, otherNumber) = (number, number + 1)
        standing = usually(.own, Standing.allCases)
        holding = usually(.first, Holding.allCases)
        hash = usually(.usual, Hash.allCases.filter { move == nil || $0 != .withoutDetails })
        // Where another entry stands for the order, the worker mostly believes in its own.
        sight = usually(standing == .own ? .exact : .ownEntry, Sight.allCases)
        account = [nil, nil, Self.counted, Int.random(in: 0..<4, using: &random) == 0 ? Grounds.uncounted : nil].randomElement(using: &random)!
        announced = grounds.events == .fine ? ["", "", "1", "2"].randomElement(using: &random)! : grounds.areAnnounced ? "1" : ""
        let token = ["", "a", "b"].randomElement(using: &random)!
        let count = Int.random(in: 0...3, using: &random)
        starts = usually("", ["\(source.stage ?? .router):\(round):\(count):\(token)", "router:1:1:x", "executor:7:1:x"])
    }

    /// Another request for the same order, mostly with its other entry.
    func copy(using random: inout SeededGenerator) -> Situation {
        var copy = self
        copy.isCopy = true
        if Int.random(in: 0..<4, using: &random) > 0 {
            (copy.number, copy.otherNumber) = (otherNumber, number)
            copy.holding = Bool.random(using: &random) ? .first : Holding.allCases.randomElement(using: &random)!
        }
        return copy
    }

    /// The worker's entry as a place names it.
    var name: String { stage.stream + ":" + Grounds.entry(stage, number) }

    /// The text of `s`.
    var place: String {
        let state = life.state, wait = "\(Keys.Name.retries):\(stage.stream):1000"
        let first = isCopy ? min(number, otherNumber) : number
        let entry =
            switch standing {
            case .own: stage.stream + ":" + Grounds.entry(stage, first)
            case .other: stage.stream + ":" + Grounds.entry(stage, first + 1)
            case .retry: wait
            case .nothing: ""
            }
        return "\(state) \(round) \(life.attempt) \(life.seq) \(life.at) \(entry)"
    }

    /// The place that the worker believes in.
    var seen: String {
        switch sight {
        case .exact: place
        case .ownEntry: "\(life.state) \(round) \(life.attempt) \(life.seq) \(life.at) \(name)"
        case .earlier: "\(life.state) \(round) \(life.attempt) \(life.seq - 1) \(life.at) \(name)"
        case .otherEntry: "\(life.state) \(round) \(life.attempt) \(life.seq) \(life.at) \(stage.stream):1-1"
        case .otherState: "\(source) \(round) \(life.attempt) \(life.seq) \(life.at + 1) \(name)"
        case .noPlace: "nowhere"
        }
    }

    /// Whether the step is usual by the page on the state machine. A batch takes an order once.
    func isUsual(on grounds: Grounds) -> Bool {
        let first = holding == .first || holding == .again && (move == .route || move == .confirm)
        guard first, hash == .usual, life.state == source, place.hasSuffix(" " + name), !life.isPastDeadline || move == .confirm else { return false }
        guard grounds.events == .fine || grounds.events == .full && announced == "1" else { return false }
        guard let move else { return round == 1 && life.attempt == 1 && life.seq == 1 }
        guard move != .confirm || account != Grounds.uncounted else { return false }
        return seen == place && grounds.areDeadlinesFine && (move != .route || grounds.routed == .fine)
    }
}
