internal import JSON

/// What one check found.
public enum HealthStatus: Sendable, Equatable {
    /// All is well.
    case passing
    /// Something is not, with a reason that may be shown to anyone who asks.
    case failing(String)
}

/// What all checks of a kind found.
public struct HealthReport: Sendable {
    /// By name, in the order the checks were added.
    public let checks: [(name: String, status: HealthStatus)]

    /// Whether every check passes: answer 200, otherwise 503.
    public var isPassing: Bool {
        checks.allSatisfy { $0.status == .passing }
    }

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
