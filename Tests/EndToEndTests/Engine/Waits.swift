import EventLoop
import JSON
import TestSupport

/// The longest time for which a worker's stream has held an entry that nobody was given.
@ServiceActor
final class Waits {
    private(set) var longestMs: Int64 = 0
    private let start = MonotonicInstant.now
    private var watch: Task<Void, Never>?

    init(_ engine: Engine) {
        watch = Loop.spawn {
            while !Task.isCancelled {
                if let lag = try? await engine.send("GET", "/api/streams").json { self.note(lag) }
                try? await sleep(for: .milliseconds(200))
            }
        }
    }

    private func note(_ lag: JSONValue) {
        for stream in lag["streams"]?.array ?? [] where stream["stream"]?.string != "events" {
            for group in stream["groups"]?.array ?? [] { longestMs = max(longestMs, group["oldestWaitingMs"]?.integer ?? 0) }
        }
    }

    /// Whether all were read within a time, but for what the machine lost.
    func areWithin(_ limit: Duration) -> Bool { .milliseconds(longestMs) < limit + MachineWatch.lost(since: start) }

    func stop() async {
        watch?.cancel()
        await watch?.value
    }
}
