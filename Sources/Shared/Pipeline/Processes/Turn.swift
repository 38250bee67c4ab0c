internal import EventLoop
internal import Redis

/// Lets one process at a time do work that every process would do. A key with a time to live names the process whose turn it is.
@ServiceActor
struct Turn {
    /// How long the turn lasts without a renewal, in ms. So a process that has ended does not hold the others up for longer.
    private static let kept = "30000"

    let pipeline: OrderPipeline
    /// The key of the turn, and the key of the mark that the last finished process left.
    let keys: [String]
    /// A name that no other process has.
    let name: String

    /// Takes or keeps the turn. Returns the mark of the process that finished last; nil if another process has the turn.
    func take() async throws(PipelineError) -> String? {
        let answer = try await pipeline.run(Scripts.turn, keys: keys, ["take", name, Self.kept]).array ?? []
        return answer.first?.integer == 1 ? answer.last?.string ?? "" : nil
    }

    /// Ends the turn and leaves a mark. Does nothing if another process has the turn by now.
    func finish(_ mark: String) async throws(PipelineError) { _ = try await pipeline.run(Scripts.turn, keys: keys, ["finish", name, mark]) }
}
