import Orders

/// Something that happens next.
enum Action {
    case reads(Int, Post)
    case claims(Int, Post)
    case asks(Int, OrderStep, Answer.Outcome, isReplyLost: Bool)
    case prepares(Int)
    case asksUsually(Int, OrderStep, isReplyLost: Bool)
    case buries(Int)
    case crashes(Int)
    case handsBack(Int)
    case lets(Int)
    case sends(Int, UInt8)
    case chain(UInt8, Signature)
    case promotes(Post)
    case cancels
    case fires
    case expires
    case deadline
    case sweeps
    case duplicates(Post)
    case putsBack(Post)
    case leaves
    case strays(Int, OrderStep, String)
    case arrives(OrderStep, Answer.Outcome)
    /// The rest of a step that a mutation has divided.
    case catchesUp(Int)
    case splits(Int, String)

    /// Whether the action happens by itself, without a fault and without a person. Such actions must be enough to bring an order to its end.
    var isProgress: Bool {
        switch self {
        case .reads, .claims, .prepares, .lets, .sends, .chain, .promotes, .fires, .leaves, .arrives, .catchesUp, .splits: true
        case .asks(_, _, _, let isReplyLost), .asksUsually(_, _, let isReplyLost): !isReplyLost
        case .buries, .crashes, .handsBack, .cancels, .expires, .deadline, .sweeps, .duplicates, .putsBack, .strays: false
        }
    }
}

extension Action: CustomStringConvertible {
    var description: String {
        switch self {
        case .reads(let worker, let post): "\(Self.name(worker)) reads the entry for the \(post)"
        case .claims(let worker, let post): "\(Self.name(worker)) claims the entry for the \(post)"
        case .asks(let worker, let step, let outcome, let isReplyLost):
            "\(Self.name(worker)) asks for \(step): \(outcome)\(isReplyLost ? ", but the reply is lost" : "")"
        case .prepares(let worker): "\(Self.name(worker)) reads the order and builds"
        case .asksUsually(let worker, let step, let isReplyLost):
            "\(Self.name(worker)) takes \(step) as a usual step\(isReplyLost ? ", but the reply is lost" : "")"
        case .buries(let worker): "\(Self.name(worker)) gives its entry up"
        case .crashes(let worker): "\(Self.name(worker)) crashes"
        case .handsBack(let worker): "\(Self.name(worker)) stops and hands back"
        case .lets(let worker): "\(Self.name(worker)) learns that it has lost its entry"
        case .sends(let worker, let signature): "\(Self.name(worker)) sends transaction \(signature)"
        case .chain(let signature, let outcome): "transaction \(signature) is \(outcome)"
        case .promotes(let post): "the retry for the \(post) is due"
        case .cancels: "the owner cancels"
        case .fires: "a mark reaches the price"
        case .expires: "the wait comes to its end"
        case .deadline: "the deadline passes"
        case .sweeps: "the deadline is swept"
        case .duplicates(let post): "an entry for the \(post) comes under another id"
        case .putsBack(let post): "the dead letter for the \(post) is put back"
        case .leaves: "the hash reaches the end of its time to live"
        case .strays(let worker, let step, let then): "\(Self.name(worker)) sends \(step), which does not arrive, and \(then)"
        case .arrives(let step, let outcome): "\(step) arrives after all: \(outcome)"
        case .catchesUp(let worker): "\(Self.name(worker)) does the rest"
        case .splits(let worker, let what): "\(Self.name(worker)) \(what)"
        }
    }

    private static func name(_ worker: Int) -> String { "\(World.stage(of: worker)) \(worker & 1 == 0 ? "a" : "b")" }
}
