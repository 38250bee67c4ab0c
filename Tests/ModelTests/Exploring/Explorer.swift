/// Visits every world that can be reached, nearest first, and looks for broken promises.
struct Explorer {
    struct Finding: CustomStringConvertible {
        let violation: Violation
        /// The shortest sequence of actions that leads there.
        let trace: [String]

        var description: String { "\(violation.rawValue):\n  " + trace.joined(separator: "\n  ") }
    }

    private static let none: UInt32 = .max

    let rules: Rules
    let harmOnly: Bool
    private var worlds: [World] = []
    private var parents: [UInt32] = []
    /// The index of each world, found by its digest with open addressing.
    private var table = [UInt32](repeating: none, count: 1 << 16)
    /// Moves that happen by themselves, from and to.
    private var progress: [(from: UInt32, to: UInt32)] = []
    private(set) var transitions = 0

    var states: Int { worlds.count }

    init(_ rules: Rules, harmOnly: Bool = false) {
        precondition(MemoryLayout<World>.size % 8 == 0, "a world is compared and hashed eight bytes at a time")
        self.rules = rules
        self.harmOnly = harmOnly
    }

    /// Explores everything, or up to the first violation.
    mutating func run() -> Finding? {
        _ = visit(World(rules.bounds), from: Self.none)
        var next = 0
        while next < worlds.count {
            let world = worlds[next]
            if let violation = world.violation(harmOnly: harmOnly) { return Finding(violation: violation, trace: trace(to: next)) }
            let from = UInt32(next)
            world.actions(rules) { action, after in
                transitions += 1
                let to = visit(after, from: from)
                if action.isProgress, to != from { progress.append((from, to)) }
            }
            next += 1
        }
        return stuck().map { Finding(violation: .stuck, trace: trace(to: $0)) }
    }

    private mutating func visit(_ any: World, from parent: UInt32) -> UInt32 {
        let world = any.canonical
        if worlds.count * 2 >= table.count { grow() }
        let place = place(of: world)
        if table[place] != Self.none { return table[place] }
        let index = UInt32(worlds.count)
        table[place] = index
        worlds.append(world)
        parents.append(parent)
        return index
    }

    private func place(of world: World) -> Int {
        let mask = table.count - 1
        var place = Int(truncatingIfNeeded: world.digest) & mask
        while table[place] != Self.none, worlds[Int(table[place])] != world { place = (place + 1) & mask }
        return place
    }

    private mutating func grow() {
        table = [UInt32](repeating: Self.none, count: table.count * 4)
        for (index, world) in worlds.enumerated() { table[place(of: world)] = UInt32(index) }
    }

    // MARK: Liveness

    /// The nearest world from which no action that happens by itself leads to rest.
    private func stuck() -> Int? {
        var starts = [UInt32](repeating: 0, count: worlds.count + 1)
        for move in progress { starts[Int(move.to) + 1] += 1 }
        for index in worlds.indices { starts[index + 1] += starts[index] }
        var sources = [UInt32](repeating: 0, count: progress.count)
        var filled = starts
        for move in progress {
            sources[Int(filled[Int(move.to)])] = move.from
            filled[Int(move.to)] += 1
        }
        var isSafe = worlds.map(\.isAtRest)
        var queue = worlds.indices.filter { isSafe[$0] }
        while let index = queue.popLast() {
            for source in sources[Int(starts[index])..<Int(starts[index + 1])] where !isSafe[Int(source)] {
                isSafe[Int(source)] = true
                queue.append(Int(source))
            }
        }
        return isSafe.firstIndex(of: false)
    }

    // MARK: Telling

    private func trace(to index: Int) -> [String] {
        var path = [index]
        while parents[path.last!] != Self.none { path.append(Int(parents[path.last!])) }
        path.reverse()
        var lines = ["\(worlds[0].order)"]
        // Told without the exchange of workers that `canonical` makes on the way.
        var world = World(rules.bounds)
        for index in path.dropFirst() {
            var found: (action: Action, after: World)?
            world.actions(rules) { action, after in
                if found == nil, after.canonical == worlds[index] { found = (action, after) }
            }
            guard let found else { return lines + ["the rest of the way cannot be told"] }
            world = found.after
            lines.append("\(found.action)  ->  \(world.order)")
        }
        return lines
    }
}

extension OrderModel: CustomStringConvertible {
    var description: String {
        let entry =
            switch named {
            case Self.nothing: "nothing"
            case Self.aRetry: "a retry"
            case Self.armed: "a place among those that wait"
            default: "an entry for the \(entries[Int(named)].post)"
            }
        return "\(state), round \(round), attempt \(attempt), transaction \(transaction); \(entry) stands for it"
    }
}
