import Testing

/// Every interleaving of a pair of waiting orders, tickers with old marks, strays and people, within small bounds: once with all checks, and with
/// each check left out.
@Suite struct PairCheckTests {
    private static let losses: [(WaitMutation, WaitViolation)] = [
        (.fireWithoutStateCheck, .firedTwice), (.fireStaleMark, .firedUnreached), (.fireWithoutSibling, .bothFilled),
        (.floorBySlippage, .filledBelow),
        (.fillLeavesOther, .openAfterFill), (.failKeepsHeld, .stuck), (.promoteHeld, .armedBeside),
        (.cancelLeavesOther, .aliveAfterCancel), (.amendLeavesMember, .firedTwice),
    ]

    private struct Exploration {
        var states = 0
        var found: (violation: WaitViolation, trace: [PairAction])?

        /// - Parameter only: the violation that is looked for; nil for any.
        init(_ mutation: WaitMutation?, only: WaitViolation? = nil) {
            var worlds = [PairWorld()]
            var numbers = [worlds[0]: 0]
            var parents = [(parent: -1, action: PairAction.time)]
            var next = 0
            while next < worlds.count, found == nil {
                let world = worlds[next]
                if let violation = world.violation, only == nil || only == violation { found = (violation, Self.trace(to: next, parents)) }
                world.actions(mutation) { action, after in
                    guard numbers.updateValue(numbers[after] ?? worlds.count, forKey: after) == nil else { return }
                    worlds.append(after)
                    parents.append((next, action))
                }
                next += 1
            }
            states = worlds.count
        }

        private static func trace(to index: Int, _ parents: [(parent: Int, action: PairAction)]) -> [PairAction] {
            var (actions, index) = ([PairAction](), index)
            while index > 0 { (actions, index) = (actions + [parents[index].action], parents[index].parent) }
            return actions.reversed()
        }
    }

    @Test func `no interleaving breaks a promise`() {
        let exploration = Exploration(nil)
        print("model: a pair: \(exploration.states) states")
        if let found = exploration.found { Issue.record("\(found.violation.rawValue): \(found.trace)") }
        #expect(exploration.states > 10_000)
    }

    @Test(arguments: losses) func `without one of its checks a pair comes to harm`(mutation: WaitMutation, violation: WaitViolation) {
        let found = Exploration(mutation, only: violation).found
        #expect(found != nil, "\(mutation) is not noticed")
        if let found { print("model: \(mutation): \(found.violation.rawValue), after \(found.trace.count) actions") }
    }

    @Test func `every mutation has its counterexample`() {
        #expect(WaitMutation.allCases.allSatisfy { mutation in Self.losses.contains { $0.0 == mutation } })
    }
}
