/// Work that many may ask for at once, and that is done once for all who asked before it began.
@ServiceActor
public final class SharedWork {
    private var underWay: Promise<Void>?
    private var isAskedAgain = false

    /// Work that nobody has asked for.
    public init() {}

    /// Whether somebody does it at the moment.
    public var isUnderWay: Bool { underWay != nil }

    /// Returns after a run of `work` that began no earlier than the call, or when the task is cancelled.
    ///
    /// Who asks while it is under way waits for one more run, which the first caller does; there is none when `isWanted` says no by then.
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
