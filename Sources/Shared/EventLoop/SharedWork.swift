/// Work that many callers may ask for at once. It is done once for all callers that asked before it began.
@ServiceActor
public final class SharedWork {
    private var underWay: Promise<Void>?
    private var isAskedAgain = false

    /// Work that was not asked for yet.
    public init() {}

    /// Whether the work is being done.
    public var isUnderWay: Bool { underWay != nil }

    /// Returns after a run of `work` that began no earlier than this call, or if the task is cancelled.
    ///
    /// A caller that asks during a run waits until no further run is asked for; the first caller does them all. A further run is skipped if
    /// `isWanted` returns false by then.
    public func run(while isWanted: @ServiceActor () -> Bool, _ work: @ServiceActor () async -> Void) async {
        if let underWay {
            isAskedAgain = true
            _ = try? await underWay.value
            return
        }
        let done = Promise<Void>()
        underWay = done
        repeat {
            isAskedAgain = false
            await work()
        } while isAskedAgain && isWanted()
        underWay = nil
        done.succeed(())
    }
}
