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

extension Diagnosis {
    /// Of the same checks at several servers, for each check the worst finding, with the server that it is about. At one server all findings as they
    /// are.
    static func worst(of found: [(server: String, checks: [Diagnosis])]) -> [Diagnosis] {
        guard found.count > 1, let first = found.first else { return found.first?.checks ?? [] }
        let order: [Verdict] = [.fault, .warning, .unknown, .ok]
        return first.checks.indices.map { index in
            let all = found.map { (server: $0.server, check: $0.checks[index]) }
            let verdict = order.first { verdict in all.contains { $0.check.verdict == verdict } } ?? .unknown
            let having = all.filter { $0.check.verdict == verdict }
            let (server, check) = having[0]
            if verdict == .ok { return Diagnosis(check.check, .ok, "all \(found.count) masters: \(check.finding)") }
            let others = having.count > 1 ? ", and \(having.count - 1) more like it" : ""
            return Diagnosis(check.check, verdict, "\(server): \(check.finding)\(others)", do: check.advice)
        }
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
