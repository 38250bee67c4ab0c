/// What a process says about itself to whoever watches it.
///
/// Alive: it should not be killed; depends on nothing outside the process. Ready: it should get work; it has started, is not stopping, and
/// every readiness check passes.
public final class HealthRegistry {
    /// What a check is about.
    public enum Kind: Sendable {
        /// The process itself. Counts for readiness too: what should be killed should not get work.
        case liveness
        /// What the process needs to do its work.
        case readiness
    }

    private enum Phase {
        case starting
        case running
        case stopping
    }

    private var checks: [(name: String, kind: Kind, check: () -> HealthStatus)] = []
    private var phase = Phase.starting

    /// A process that is starting, without checks.
    public init() {}

    /// Adds a check, which must answer at once from what is known already.
    /// - Precondition: the name is new, and neither `started` nor `stopping`.
    public func add(_ name: String, _ kind: Kind, check: @escaping () -> HealthStatus) {
        precondition(!["started", "stopping"].contains(name) && !checks.contains { $0.name == name }, "\(name) is taken")
        checks.append((name, kind, check))
    }

    /// The process has started. Does nothing once it is stopping.
    public func markStarted() {
        if phase == .starting { phase = .running }
    }

    /// The process is stopping: not ready from now on.
    public func markStopping() {
        phase = .stopping
    }

    /// Whether the process is alive.
    public var liveness: HealthReport {
        HealthReport(checks: results(of: [.liveness]))
    }

    /// Whether the process is ready for work.
    public var readiness: HealthReport {
        var results = results(of: [.liveness, .readiness])
        switch phase {
        case .starting: results.append(("started", .failing("not yet")))
        case .running: break
        case .stopping: results.append(("stopping", .failing("the process is stopping")))
        }
        return HealthReport(checks: results)
    }

    private func results(of kinds: [Kind]) -> [(name: String, status: HealthStatus)] {
        checks.filter { kinds.contains($0.kind) }.map { ($0.name, $0.check()) }
    }
}
