internal import Observability
public import Pipeline

/// Whether a process asks its callers for API keys. Its heartbeat says so to the others.
public enum AccessMode: String, Sendable {
    case open, keyed

    /// The field of a heartbeat.
    static let field = "access"

    /// The mode of another process; open for one of a version that does not say.
    public init(of instance: ServiceInstance) { self = instance.fields[Self.field].flatMap(AccessMode.init) ?? .open }
}

/// An error: this process asks for no API keys, and others on the same Redis do. It would let everybody do what they forbid.
struct AccessMismatch: Error, CustomStringConvertible {
    /// The name of a process that asks for keys.
    let keyed: String

    var description: String {
        "API_KEYS_FILE is not set, but \(keyed) on this Redis asks for API keys: start with the same file. To go on without keys, stop every "
            + "process first"
    }
}

extension ServiceProcess {
    /// Checks that all processes ask for API keys, or none. The heartbeat must say this process' mode by now.
    ///
    /// A process with keys does start beside others without: so that keys can be introduced one process after the other.
    ///
    /// - Throws: `AccessMismatch` if this process alone would be open.
    func agreeOnAccess() async throws {
        guard access.isKeyed else {
            if let keyed = try await pipeline.lasting({ AccessMode(of: $0) == .keyed }) { throw AccessMismatch(keyed: keyed) }
            return
        }
        for instance in try await pipeline.instances() where AccessMode(of: instance) == .open {
            log.warning("access.open_beside", ["process": .string(instance.name)])
        }
    }
}
