import JSON
import Synchronization
import TestSupport
import Testing

@testable import Observability

extension MemorySink {
    /// The last line as JSON.
    func lastObject() throws -> JSONValue { try JSONValue.parse(try #require(lines.last).trimmingNewline()) }
}

/// A monotonic clock that a test moves; wall time stands still at 2026-01-10T07:30:17.789Z.
final class ManualClock: Sendable {
    private let nanoseconds = Atomic<Int64>(0)

    func advance(seconds: Int64) { nanoseconds.add(seconds * 1_000_000_000, ordering: .relaxed) }

    var logClock: LogClock { LogClock(wall: { 1_768_030_217_789 }, monotonic: { self.nanoseconds.load(ordering: .relaxed) }) }
}

extension String {
    func trimmingNewline() -> String { hasSuffix("\n") ? String(dropLast()) : self }
}
