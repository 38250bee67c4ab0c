import EventLoop
import Orders
import TestSupport

@testable import Pipeline

/// Cases that share a partition. Those of one kind are asked for with one call.
struct Batch {
    private static let size = 30
    private static let moves: [UsualMove?] = [nil] + UsualMove.allCases

    let grounds: Grounds
    private var proposals: [Proposal] = []
    private var situations: [[Situation]] = []

    init(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        // All cases of a batch share its grounds. So that a few unlucky batches do not make most cases unusual, every fourth one is fine. And so that
        // no condition is left to chance, every second one has one thing wrong and nothing else: fourteen batches have them all.
        switch seed % 4 {
        case 0: grounds = Grounds(using: &random)
        case 2: grounds = .random(using: &random)
        default: grounds = .withOneFault(Int(seed / 2), using: &random)
        }
        while proposals.count < Self.size {
            let proposal = Proposal(using: &random)
            proposals.append(proposal)
            if Int.random(in: 0..<8, using: &random) == 0 { proposals.append(proposal.copy(using: &random)) }
        }
        for (index, move) in Self.moves.enumerated() {
            var some: [Situation] = []
            while some.count < Self.size {
                let situation = Situation(move, number: 1000 * (index + 1) + 2 * some.count, on: grounds, using: &random)
                some.append(situation)
                if Int.random(in: 0..<8, using: &random) == 0 { some.append(situation.copy(using: &random)) }
            }
            situations.append(some)
        }
    }

    @ServiceActor
    func run(_ twins: Twins, _ tally: inout Tally) async throws {
        let keys = twins.usual.keys
        let commands = proposals.flatMap { $0.commands(keys) } + situations.joined().flatMap { $0.commands(keys) }
        let possible = commands.filter { grounds.areDeadlinesFine || $0[1] != keys.deadlines }
        try await twins.begin(grounds.first(keys) + possible + grounds.last(keys), channels: channels)

        let accepted = try await together(proposals) { try await $0.acceptUsually(twins.usual.pipeline) }
        var places: [[String?]] = []
        for some in situations { places.append(try await together(some) { try await $0.takeUsually(twins.usual.pipeline) }) }
        let usual = (try await twins.contents(twins.usual), try await twins.messages())

        let names = proposals.map { [$0.order.id.description, $0.order.clientOrderId] }
        try expect("accept", accepted, proposals.map { $0.isUsual(on: grounds) }, names)
        for (some, places) in zip(situations, places) {
            try expect("\(some[0].move?.rawValue ?? "begin")", places, some.map { $0.isUsual(on: grounds) }, some.map { [$0.order.id.description] })
        }
        try await takeCarefully(twins.careful.pipeline, accepted, places)
        try compare(usual.0, try await twins.contents(twins.careful))
        try compare(usual.1, try await twins.messages())
        try comparePlaces(usual.0, keys, places)
        try compareCounts(usual.0, keys)
        note(&tally, accepted, places)
    }

    private var channels: Set<String> {
        let orders = proposals.map(\.order) + situations.joined().map(\.order)
        return Set(orders.map { Keys.updates($0.id) } + orders.compactMap { $0.userId.map { Keys.updates(user: $0) } })
    }

    /// Takes the steps carefully that were taken as usual ones, in the same sequence: of moves of several kinds one kind after the other.
    @ServiceActor
    private func takeCarefully(_ pipeline: OrderPipeline, _ accepted: [String?], _ places: [[String?]]) async throws {
        let taken = zip(proposals, accepted).filter { $0.1 != nil }.map(\.0)
        try await together(taken) { try await $0.acceptCarefully(pipeline) }
        for (some, places) in zip(situations, places) {
            let kinds = some.filter(\.isAskedFor).map(\.kind)
            let taken = zip(some, places).filter { $0.1 != nil }.map(\.0)
            let inSequence = taken.enumerated().sorted {
                (kinds.firstIndex(of: $0.element.kind)!, $0.offset) < (kinds.firstIndex(of: $1.element.kind)!, $1.offset)
            }
            try await together(inSequence.map(\.element)) { try await $0.takeCarefully(pipeline) }
        }
    }

    // MARK: Checks

    /// Checks that a step was taken exactly if it is usual. `names` are what a batch takes once: orders and keys.
    private func expect(_ what: String, _ found: [String?], _ isUsual: [Bool], _ names: [[String?]]) throws {
        var done: Set<String> = []
        for (index, isUsual) in isUsual.enumerated() {
            let mine = names[index].compactMap(\.self)
            let shall = isUsual && done.isDisjoint(with: mine)
            guard (found[index] != nil) == shall else {
                throw TestFailure("\(what) \(index) is \(shall ? "usual, and was not taken" : "not usual, and was taken: \(found[index] ?? "")")")
            }
            if shall { done.formUnion(mine) }
        }
    }

    private func compare<Value: Equatable>(_ usual: [String: Value], _ careful: [String: Value]) throws {
        for key in Set(usual.keys).union(careful.keys).sorted() where usual[key] != careful[key] {
            func text(_ value: Value?) -> String { value.map { "\($0)" } ?? "nothing" }
            throw TestFailure("\(key)\n--- usually:\n\(text(usual[key]))\n--- carefully:\n\(text(careful[key]))")
        }
    }

    /// Checks that the answers name the places where the orders are.
    private func comparePlaces(_ contents: [String: String], _ keys: Keys, _ places: [[String?]]) throws {
        for (situation, place) in zip(situations.joined(), places.joined()) {
            guard let place, let content = contents[keys.order(situation.order.id)], !content.contains("s=\(place)\n") else { continue }
            throw TestFailure("order \(situation.order.id) is not at \(place):\n\(content)")
        }
    }

    /// Checks that the open orders of an account are those that have not ended.
    private func compareCounts(_ contents: [String: String], _ keys: Keys) throws {
        let open = contents[keys.open(Situation.counted)] ?? ""
        for situation in situations.joined() where situation.account == Situation.counted && situation.hash == .usual && !situation.isCopy {
            let lines = contents[keys.order(situation.order.id)]?.split(separator: "\n") ?? []
            let place = lines.first { $0.hasPrefix("s=") }?.dropFirst(2).prefix { $0 != " " } ?? ""
            guard let state = OrderState(rawValue: String(place)), state.isFinal == open.contains(situation.order.id.description) else { continue }
            throw TestFailure("order \(situation.order.id) is \(state), and the open orders are \(open)")
        }
    }

    private func note(_ tally: inout Tally, _ accepted: [String?], _ places: [[String?]]) {
        tally.cases += proposals.count
        tally.taken["accept", default: 0] += accepted.count { $0 != nil }
        for (some, places) in zip(situations, places) {
            tally.cases += some.count
            tally.taken[some[0].move?.rawValue ?? "begin", default: 0] += places.count { $0 != nil }
        }
    }
}
