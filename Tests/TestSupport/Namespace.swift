public import EventLoop
internal import Glibc

/// A Linux namespace of its own, for the network or for mounts. A process that ends with the tests keeps it open: links and mounts that are set up
/// inside vanish with it, and do not touch the machine.
@ServiceActor
public final class Namespace {
    /// What the namespace separates from the machine.
    public enum Kind: String, Sendable {
        /// Links, addresses and routes.
        case network = "--net"
        /// Mounted file systems.
        case mounts = "--mount"
    }

    /// Whether this machine lets the tests make namespaces, and mount and set up links in them.
    public nonisolated static let isAllowed = geteuid() == 0 && succeeds("unshare --net --mount -- sh -c 'mount -t tmpfs none /mnt'")

    private let kind: Kind
    private let holder: ChildProcess

    /// The process that keeps the namespace.
    var pid: pid_t { holder.pid }

    /// The words before a command that is to run inside.
    public var entering: [String] { ["nsenter", "--target", String(pid), kind.rawValue, "--"] }

    /// Makes a namespace.
    public init(_ kind: Kind) async throws {
        self.kind = kind
        holder = try ChildProcess(["unshare", kind.rawValue, "--", "sleep", "infinity"])
        // The holder is ready only when it runs its program inside the namespace.
        try await eventually { contents(of: "/proc/\(pid)/comm") == "sleep\n" }
    }

    /// Runs a command inside the namespace to its end.
    public func run(_ command: [String]) async throws {
        let log = try temporaryDirectory("namespace")
        defer { removeDirectory(log) }
        let code = try await ChildProcess(entering + command, output: "\(log)/output").exit()
        guard code == 0 else { throw TestFailure("\(command) ended with \(code): \(contents(of: "\(log)/output"))") }
    }

    /// The path under which the tests see a path inside.
    public func path(_ inside: String) -> String { "/proc/\(pid)/root\(inside)" }

    /// Removes the namespace.
    public func stop() async throws { try await holder.stop(SIGKILL) }
}

/// Whether a shell command ends with 0. Its output is dropped. Waits for the command, so it is only for commands that take no time.
func succeeds(_ command: String) -> Bool {
    let words = ["sh", "-c", "exec >/dev/null 2>&1; \(command)"]
    let arguments = words.map { strdup($0) } + [nil]
    defer { arguments.forEach { free($0) } }
    var pid: pid_t = 0
    var status: Int32 = 0
    guard posix_spawnp(&pid, "sh", nil, nil, arguments, environ) == 0, waitpid(pid, &status, 0) == pid else { return false }
    return status == 0
}
