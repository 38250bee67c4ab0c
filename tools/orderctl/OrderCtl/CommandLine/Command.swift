internal import EventLoop

/// One command of the tool: its name, its help, how its arguments are read, and what it does.
protocol Command: Sendable {
    /// Name and help.
    static var manual: Manual { get }
    /// Reads the command's own options and operands. Words that it leaves are refused.
    init(_ arguments: inout Arguments) throws(Failure)
    @ServiceActor func run(_ session: Session) async throws(Failure) -> ExitCode
}

/// The things that a command works with.
@ServiceActor
struct Session {
    let engine: Engine
    let console: Console
    /// Whether results are printed as JSON and not as text.
    let wantsJSON: Bool
    /// The environment variables of the process.
    let environment: [String: String]

    /// Reports a failure after which the command goes on.
    func complain(_ failure: Failure) { console.complain(failure.line(asJSON: wantsJSON)) }
}
