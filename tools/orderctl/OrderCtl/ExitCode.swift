/// What a run has come to. Scripts rely on these numbers; 64 and 69 are those of `sysexits.h`.
enum ExitCode: Int32, Sendable, CaseIterable {
    /// Done, and nothing was found.
    case ok = 0
    /// The engine refused, or the command found what it was to look for.
    case refused = 1
    /// The order that was followed did not end as confirmed.
    case unfilled = 2
    /// The arguments or the environment cannot be used.
    case usage = 64
    /// No engine answers.
    case unreachable = 69

    /// One line for help.
    var meaning: String {
        switch self {
        case .ok: "done"
        case .refused: "the engine refused, or a check found something"
        case .unfilled: "the order that was followed failed or was cancelled"
        case .usage: "arguments or environment that cannot be used"
        case .unreachable: "no engine answers at the URL"
        }
    }
}

/// Why a command could not do what it was asked: one sentence for a person, and the exit status.
struct Failure: Error, Sendable, Equatable {
    let status: ExitCode
    /// What is wrong and what to do, on one line.
    let sentence: String
    /// The engine's own code of a refusal; empty otherwise.
    let code: String

    /// Whether what was asked for may have been done all the same: the answer was lost on its way.
    let mayHaveBeenDone: Bool

    init(_ status: ExitCode, _ sentence: String, code: String = "", mayHaveBeenDone: Bool = false) {
        self.status = status
        self.sentence = sentence
        self.code = code
        self.mayHaveBeenDone = mayHaveBeenDone
    }
}
