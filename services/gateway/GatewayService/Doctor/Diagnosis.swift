internal import JSON

/// The finding of one check, and what to do about it.
struct Diagnosis: Sendable, Equatable {
    enum Verdict: String, Sendable, CaseIterable {
        case ok
        /// It works, but not as it should.
        case warning
        /// Orders are lost, stuck or refused, or will be.
        case fault
        /// The check could not be made.
        case unknown
    }

    /// The name of the check, `persistence`.
    let check: String
    let verdict: Verdict
    /// One sentence.
    let finding: String
    /// What to do, one sentence or more; empty if there is nothing to do.
    let advice: String

    init(_ check: String, _ verdict: Verdict, _ finding: String, do advice: String = "") {
        self.check = check
        self.verdict = verdict
        self.finding = finding
        self.advice = advice
    }
}

extension Diagnosis: JSONWritable {
    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("check", check)
            $0.field("verdict", verdict.rawValue)
            $0.field("finding", finding)
            $0.field("advice", orNull: advice.isEmpty ? nil : advice)
        }
    }
}
