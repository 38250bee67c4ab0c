import EventLoop
import Glibc
import Testing

/// Every interleaving of one order's life within small bounds: once with all safety checks, and with each check left out.
@Suite(.serialized)
struct ModelCheckTests {
    private static let bounds = [
        Bounds(name: "three attempts, a crash and a lost reply", attempts: 3, crashes: 1, lostReplies: 1),
        Bounds(name: "three crashes and two lost replies", crashes: 3, lostReplies: 2),
        Bounds(name: "cancel, deadline, a crash and a lost reply", crashes: 1, lostReplies: 1, cancels: 1, deadlines: 1),
        Bounds(name: "a duplicate and a crash", starts: 1, crashes: 1, duplicates: 1),
        Bounds(name: "a duplicate and two starts", duplicates: 1),
        Bounds(name: "a duplicate, a crash and a lost reply", attempts: 1, starts: 1, crashes: 1, lostReplies: 1, duplicates: 1),
        Bounds(name: "a duplicate, cancel and deadline", attempts: 1, starts: 1, duplicates: 1, cancels: 1, deadlines: 1),
        Bounds(name: "a duplicate, a crash and a burial", attempts: 1, starts: 1, crashes: 1, duplicates: 1, burials: 1),
        Bounds(name: "a stray step and a crash", attempts: 1, crashes: 1, strays: 1),
        Bounds(name: "a stray step and two attempts", strays: 1),
        Bounds(name: "two waits, a crash and a lost reply", crashes: 1, lostReplies: 1, rests: 2),
        Bounds(name: "a wait, a duplicate and a crash", attempts: 1, starts: 1, crashes: 1, duplicates: 1, rests: 1),
        Bounds(name: "a wait, cancel and a stray step", attempts: 1, strays: 1, cancels: 1, rests: 1),
    ]

    /// What becomes of an order without a check, in the smallest bounds that show it.
    private static let losses: [(Mutation, Bounds, Violation)] = [
        (.dropFence, crash, .writtenByStranger), (.dropCompare, duplicate, .endedTwice), (.dropSeenState, duplicate, .failedAndLanded),
        (.dropSeenState, stray, .failedAndLanded), (.dropFenceAndSeenState, crash, .failedAndLanded), (.submitTwice, duplicate, .landedTwice),
        (.resignInsteadOfResend, crash, .landedTwice), (.signBeforeExpiry, crash, .failedAndLanded), (.expireWithoutLook, crash, .failedAndLanded),
        (.sendBeforeSubmit, crash, .failedAndLanded), (.ackBeforeWrite, crash, .stuck), (.handOnApart, crash, .stuck), (.eventsApart, crash, .gap),
        (.cancelSubmitted, cancel, .cancelledAndLanded), (.sweepSubmitted, deadline, .failedAndLanded), (.poisonSubmitted, crash, .failedAndLanded),
        (.promoteBlindly, duplicate, .wrongEntry), (.usualForStranger, crash, .writtenByStranger), (.usualUnseen, cancel, .endedTwice),
        (.usualPastDeadline, deadline, .submittedLate), (.usualUncounted, crash, .miscounted), (.restUsesAttempt, wait, .attemptLost),
    ]
    private static let crash = Bounds(name: "a crash", crashes: 1)
    private static let duplicate = Bounds(name: "a duplicate", starts: 1, duplicates: 1)
    private static let stray = Bounds(name: "a stray step", attempts: 1, strays: 1)
    private static let wait = Bounds(name: "a wait", rests: 1)
    private static let cancel = Bounds(name: "a cancel", cancels: 1)
    private static let deadline = Bounds(name: "a deadline", deadlines: 1)

    @Test(arguments: bounds) func `no interleaving breaks a promise`(bounds: Bounds) {
        let start = MonotonicInstant.now
        var explorer = Explorer(Rules(bounds: bounds))
        let finding = explorer.run()
        print("model: \(bounds.name): \(explorer.states) states, \(explorer.transitions) transitions, \(start.elapsed)")
        if let finding { Issue.record("\(finding)") }
        // If the bounds were too narrow by mistake, nothing would happen, and nothing would be found either.
        #expect(explorer.states > 50_000)
    }

    @Test(arguments: losses) func `without one of its checks an order comes to harm`(mutation: Mutation, bounds: Bounds, expected: Violation) throws {
        var explorer = Explorer(Rules(bounds: bounds, mutation: mutation), harmOnly: expected.isHarm)
        let run = explorer.run()
        let finding = try #require(run, "\(mutation) is not noticed among \(explorer.states) states")
        print("model: \(mutation): \(finding.violation.rawValue), after \(finding.trace.count - 1) actions with \(bounds.name)")
        if getenv("MODEL_TRACES") != nil { print(finding) }
        #expect(finding.violation == expected, "\(finding)")
    }

    @Test func `every mutation has its counterexample`() {
        #expect(Mutation.allCases.allSatisfy { mutation in Self.losses.contains { $0.0 == mutation } })
    }
}
