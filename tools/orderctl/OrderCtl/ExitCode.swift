/// The outcome of a run. Scripts rely on these numbers; 64 and 69 are those of `sysexits.h`.
enum ExitCode: Int32, Sendable, CaseIterable {
    /// Done, and nothing was found.
    case ok = 0
    /// The engine or the command refused, or the command found what it looks for.
    case refused = 1
    /// The followed order did not end as confirmed.
    case unfilled = 2
    /// The arguments or the environment cannot be used.
    case usage = 64
    /// No engine answers.
    case unreachable = 69

    /// One line for help.
    var meaning: String {
        switch self {
        case .ok: "done"
        case .refused: "the engine or the command refused, or a check found something"
        case .unfilled: "the order that was followed failed, was cancelled or expired"
        case .usage: "arguments or environment that cannot be used"
        case .unreachable: "no engine answers at the URL"
        }
    }
}
