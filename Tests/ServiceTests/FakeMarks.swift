import EventLoop
import Marks
import Orders
import Pipeline
import ServiceKit

@testable import GatewayService

/// Marks that a test decides.
@ServiceActor
final class FakeMarks: MarkSource {
    var prices: [MarkQuestion: Mark] = [:]
    /// How often it was asked.
    private(set) var asked = 0

    nonisolated init() {}

    /// Sets the mark of a direction.
    func set(_ price: String, _ direction: PriceDirection, at time: UInt64) throws {
        prices[.price(direction)] = Mark(try PriceLevel(decimal: price), at: time)
    }

    func marks(_ questions: Set<MarkQuestion>, partition: Int) async -> [MarkQuestion: Mark] {
        asked += 1
        return prices.filter { questions.contains($0.key) }
    }
}

extension TriggerCheck {
    /// One that goes by fake marks.
    init(_ marks: FakeMarks = FakeMarks(), _ process: ServiceProcess) {
        self.init(marks: marks, maxAge: 5000, clock: process.heartbeat.clock)
    }
}
