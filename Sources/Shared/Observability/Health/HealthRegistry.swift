/// The health of a process, for the systems that watch it.
///
/// Alive: the process should not be killed. This depends on nothing outside the process. Ready: the process should get work. It has started, is not
/// stopping, and every check passes.
public final class HealthRegistry {
    /// The subject of a check.
    public enum Kind: Sendable {
        /// The process itself. It counts for readiness too: a process that should be killed should not get work.
        case liveness
        /// Something that the process needs for its work.
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

    /// Adds a check. It must answer at once from what is already known.
    /// - Precondition: the name is new, and neither `started` nor `stopping`.
    public func add(_ name: String, _ kind: Kind, check: @escaping () -> HealthStatus) {
        precondition(!["started", "stopping"].contains(name) && !checks.contains { $0.name == name }, "\(name) is taken")
        checks.append((name, kind, check))
    }

    /// Notes that the process has started. Does nothing if it is already stopping.
    public func markStarted() { if phase == .starting { phase = .running } }

    /// Notes that the process is stopping. It is not ready from now on.
    public func markStopping() { phase = .stopping }

    /// Whether the process is alive.
    public var liveness: HealthReport { HealthReport(checks: results(of: [.liveness])) }

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
