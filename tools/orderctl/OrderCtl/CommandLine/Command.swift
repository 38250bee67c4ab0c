internal import EventLoop

/// One command of the tool: what it is called, how it is explained, how its arguments are read, and what it does.
protocol Command: Sendable {
    /// Name and help.
    static var manual: Manual { get }
    /// Reads the command's own options and operands; what it leaves is refused.
    init(_ arguments: inout Arguments) throws(Failure)
    /// Does it.
    @ServiceActor func run(_ session: Session) async throws(Failure) -> ExitCode
}

/// What a command works with.
@ServiceActor
struct Session {
    let engine: Engine
    let console: Console
    /// Whether results go out as JSON instead of as text.
    let wantsJSON: Bool
    /// The variables of the process.
    let environment: [String: String]

    /// Writes of a failure that the command gets over.
    func complain(_ failure: Failure) { console.complain(failure.line(asJSON: wantsJSON)) }
}
