import Orders

/// A stage and a round: what an entry, a retry or a dead letter stands for. One byte; zero means none.
struct Post: Equatable {
    static let none = Post(code: 0)

    private(set) var code: UInt8

    private init(code: UInt8) { self.code = code }

    init(_ stage: Stage, round: Int) { code = UInt8(round) << 1 | (stage == .executor ? 1 : 0) }

    var isNone: Bool { code == 0 }
    var stage: Stage { code & 1 == 1 ? .executor : .router }
    var round: Int { Int(code >> 1) }
}

extension Post: CustomStringConvertible {
    var description: String { isNone ? "nothing" : "\(stage) in round \(round)" }
}
