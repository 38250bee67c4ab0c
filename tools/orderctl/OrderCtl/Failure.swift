internal import JSON

/// Why a command failed: one sentence for a person, and the exit status.
struct Failure: Error, Sendable, Equatable {
    let status: ExitCode
    /// What is wrong and what to do, on one line.
    let sentence: String
    /// The engine's own code of a refusal, or else one of `ownCodes`.
    let code: String

    /// Whether the request may have been carried out nevertheless, because its answer was lost.
    let mayHaveBeenDone: Bool
    /// Whether another try may succeed, because nothing has judged the request yet.
    let mayPass: Bool

    init(_ status: ExitCode, _ sentence: String, code: String? = nil, mayHaveBeenDone: Bool = false, mayPass: Bool = false) {
        self.status = status
        self.sentence = sentence
        self.code = code ?? Self.ownCode(status)
        self.mayHaveBeenDone = mayHaveBeenDone
        self.mayPass = mayPass || mayHaveBeenDone || status == .unreachable
    }

    /// The same failure with advice for the user.
    func advising(_ advice: String) -> Failure {
        Failure(status, "\(sentence); \(advice)", code: code, mayHaveBeenDone: mayHaveBeenDone, mayPass: mayPass)
    }

    /// The codes of failures without a code of the engine: arguments that cannot be used, refusals or answers of another server, and an engine that
    /// cannot be reached.
    static let ownCodes = [ExitCode.usage, .refused, .unreachable].map { ownCode($0) }

    private static func ownCode(_ status: ExitCode) -> String {
        switch status {
        case .usage: "USAGE"
        case .unreachable: "UNREACHABLE"
        case .ok, .refused, .unfilled: "REFUSED"
        }
    }

    /// The line on standard error that reports the failure, for a person or for a program.
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
