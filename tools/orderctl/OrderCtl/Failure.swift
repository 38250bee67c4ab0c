internal import JSON

/// Why a command could not do what it was asked: one sentence for a person, and the exit status.
struct Failure: Error, Sendable, Equatable {
    let status: ExitCode
    /// What is wrong and what to do, on one line.
    let sentence: String
    /// The engine's own code of a refusal, else one of `ownCodes`.
    let code: String

    /// Whether what was asked for may have been done all the same: the answer was lost on its way.
    let mayHaveBeenDone: Bool
    /// Whether another try may do better: nothing was there to judge what was asked for.
    let mayPass: Bool

    init(_ status: ExitCode, _ sentence: String, code: String? = nil, mayHaveBeenDone: Bool = false, mayPass: Bool = false) {
        self.status = status
        self.sentence = sentence
        self.code = code ?? Self.ownCode(status)
        self.mayHaveBeenDone = mayHaveBeenDone
        self.mayPass = mayPass || mayHaveBeenDone || status == .unreachable
    }

    /// The same with what to do about it.
    func advising(_ advice: String) -> Failure {
        Failure(status, "\(sentence); \(advice)", code: code, mayHaveBeenDone: mayHaveBeenDone, mayPass: mayPass)
    }

    /// The codes of failures that the engine has given none: what cannot be used, what was refused or is no answer of an engine, and what is away.
    static let ownCodes = [ExitCode.usage, .refused, .unreachable].map { ownCode($0) }

    private static func ownCode(_ status: ExitCode) -> String {
        switch status {
        case .usage: "USAGE"
        case .unreachable: "UNREACHABLE"
        case .ok, .refused, .unfilled: "REFUSED"
        }
    }

    /// The line of standard error that tells of it, for a person or for a program.
    func line(asJSON: Bool) -> String {
        guard asJSON else { return "orderctl: \(sentence)" }
        return JSONWriter.object { writer in
            writer.object("error") {
                $0.field("code", code)
                $0.field("message", sentence)
            }
        }
    }
}
