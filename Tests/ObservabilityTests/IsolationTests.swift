import Testing

@testable import Observability

@globalActor private actor Isolation {
    static let shared = Isolation()
}

/// As a service holds its metrics: on an actor, with callbacks that read the actor's state.
@Isolation private final class Owner {
    let registry = MetricsRegistry()
    let health = HealthRegistry()
    private let done: Counter
    private var inHand = 0

    init() {
        done = registry.counter("done_total", help: "Done.")
        registry.observe(.gauge, "in_hand", help: "In hand.") { [unowned self] in Double(inHand) }
        health.add("idle", .readiness) { [unowned self] in inHand == 0 ? .passing : .failing("\(inHand) in hand") }
    }

    func work() async {
        inHand += 1
        await withDiscardingTaskGroup { group in
            group.addTask { await self.count() }
        }
    }

    private func count() { done.increment() }
}

@Suite struct IsolationTests {
    @Test @Isolation func `metrics and checks live on the actor that owns them`() async {
        let owner = Owner()
        await owner.work()
        #expect(owner.registry.render().contains("\ndone_total 1\n"))
        #expect(owner.registry.render().contains("\nin_hand 1\n"))
        #expect(!owner.health.readiness.isPassing)
    }
}
