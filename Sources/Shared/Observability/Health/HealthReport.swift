internal import JSON

/// The result of one check.
public enum HealthStatus: Sendable, Equatable {
    case passing
    /// Something is wrong. The reason may be shown to anyone.
    case failing(String)
}

/// The results of all checks of a kind.
public struct HealthReport: Sendable {
    /// The results by name, in the order in which the checks were added.
    public let checks: [(name: String, status: HealthStatus)]

    /// Whether every check passes. The answer is then 200, otherwise 503.
    public var isPassing: Bool { checks.allSatisfy { $0.status == .passing } }

    /// The result without the checks: `{"status":"ok"|"degraded"}`.
    public var verdict: String { JSONWriter.object { $0.field("status", isPassing ? "ok" : "degraded") } }

    /// `{"status":"ok"|"degraded","checks":{"redis":{"status":"ok"},"postgres":{"status":"failing","reason":"…"}}}`
    public var json: String {
        JSONWriter.object { report in
            report.field("status", isPassing ? "ok" : "degraded")
            report.object("checks") { members in
                for (name, status) in checks {
                    members.object(name) { check in
                        switch status {
                        case .passing:
                            check.field("status", "ok")
                        case .failing(let reason):
                            check.field("status", "failing")
                            check.field("reason", reason)
                        }
                    }
                }
            }
        }
    }
}
