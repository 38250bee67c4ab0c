internal import EventLoop
internal import Redis

/// Lets one process at a time do what all would do: a key with a time to live names whose turn it is.
@ServiceActor
struct Turn {
    /// How long it stays a process' turn that says nothing more, in ms: one that has ended holds the others up no longer.
    private static let kept = "30000"

    let pipeline: OrderPipeline
    /// The key of the turn, and that of the mark which the last one who has finished left.
    let keys: [String]
    /// A name that no other process has.
    let name: String

    /// Takes the turn, or keeps it. Returns the mark of who has finished last; nil where it is another's turn.
    func take() async throws(PipelineError) -> String? {
        let answer = try await pipeline.run(Scripts.turn, keys: keys, ["take", name, Self.kept]).array ?? []
        return answer.first?.integer == 1 ? answer.last?.string ?? "" : nil
    }

    /// Ends the turn and leaves a mark; nothing where it is another's by now.
    func finish(_ mark: String) async throws(PipelineError) {
        _ = try await pipeline.run(Scripts.turn, keys: keys, ["finish", name, mark])
    }
}
