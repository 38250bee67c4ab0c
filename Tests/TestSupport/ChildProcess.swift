internal import Configuration
public import EventLoop
public import Glibc

/// A process that a test has started. It is killed when the test process ends, in whatever way.
@ServiceActor
public final class ChildProcess {
    /// The process id.
    public let pid: pid_t
    private var status: Int32?

    /// Starts `command` (its path comes first) with `environment` over this process' environment, and writes its output to `output`.
    ///
    /// Must run on the loop: `setpriv --pdeathsig` follows the thread that started the process, and the loop's thread lives as long as the tests.
    public init(_ command: [String], user: String? = nil, environment: [String: String] = [:], output: String = "/dev/null") throws {
        var arguments = ["setpriv", "--pdeathsig", "KILL"]
        if let user { arguments += ["--reuid=\(user)", "--regid=\(user)", "--clear-groups"] }
        arguments += ["--"] + command
        let variables = ProcessEnvironment.variables.merging(environment) { $1 }.map { "\($0)=\($1)" }
        pid = try Self.spawn(arguments, variables, output)
    }

    /// Sends a signal, unless the process has ended.
    public func signal(_ signal: Int32) {
        guard exitStatus() == nil else { return }
        kill(pid, signal)
    }

    /// The exit code, or 128 plus the signal that ended the process; nil while it runs.
    public func exitStatus() -> Int32? {
        if let status { return status }
        var raw: Int32 = 0
        guard waitpid(pid, &raw, WNOHANG) == pid else { return nil }
        status = raw & 0x7f == 0 ? (raw >> 8) & 0xff : 128 + (raw & 0x7f)
        return status
    }

    /// Waits for the end of the process. Throws `DeadlineExceeded`.
    @discardableResult
    public func exit(within limit: Duration = .seconds(20)) async throws -> Int32 { try await eventually(within: limit) { self.exitStatus() } }

    /// Ends the process by `signal` and waits for it.
    public func stop(_ signal: Int32 = SIGTERM) async throws {
        self.signal(signal)
        try await exit()
    }

    /// Runs a command that is expected to end by itself. Returns its exit code and what it has written to standard output and error.
    public static func run(
        _ command: [String], environment: [String: String] = [:], within limit: Duration = .seconds(30)
    ) async throws -> (code: Int32, output: String) {
        let directory = try temporaryDirectory("run")
        defer { removeDirectory(directory) }
        let process = try ChildProcess(command, environment: environment, output: "\(directory)/output")
        do {
            let code = try await process.exit(within: limit)
            return (code, contents(of: "\(directory)/output"))
        } catch {
            try await process.stop(SIGKILL)
            throw TestFailure("\(command) did not end by itself; it wrote: \(contents(of: "\(directory)/output"))")
        }
    }

    private static func spawn(_ arguments: [String], _ variables: [String], _ output: String) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // Threads of the system's pool block signals. The loop's thread, which one of them has made, blocks them too.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let argv = arguments.map { strdup($0) } + [nil]
        let envp = variables.map { strdup($0) } + [nil]
        defer { (argv + envp).forEach { free($0) } }
        var pid: pid_t = 0
        let code = posix_spawnp(&pid, "setpriv", &actions, &attributes, argv, envp)
        guard code == 0 else { throw TestFailure("could not start \(arguments): \(String(cString: strerror(code)))") }
        return pid
    }
}

/// Says that a test cannot go on.
public struct TestFailure: Error, CustomStringConvertible {
    /// What went wrong.
    public let description: String
    /// A failure in one sentence.
    public init(_ description: String) { self.description = description }
}

/// Asks for a value until there is one. For conditions of other processes, which give no signal. Throws `DeadlineExceeded`.
@ServiceActor
public func eventually<Value>(
    within limit: Duration = .seconds(20), _ probe: @ServiceActor () async throws -> Value?
) async throws -> Value {
    let start = MonotonicInstant.now
    while start.elapsed < limit {
        if let value = try await probe() { return value }
        try await sleep(for: .milliseconds(10))
    }
    throw DeadlineExceeded(limit: limit)
}

/// Waits until a condition holds. Throws `DeadlineExceeded`.
@ServiceActor
public func eventually(within limit: Duration = .seconds(20), _ condition: @ServiceActor () async throws -> Bool) async throws {
    let _: Bool = try await eventually(within: limit) { try await condition() ? true : nil }
}

/// A new directory below the system's temporary one that every user can enter. The caller removes it.
public func temporaryDirectory(_ name: String) throws -> String {
    var template = Array("/tmp/order-engine-\(name)-XXXXXX".utf8CString)
    guard let path = mkdtemp(&template) else { throw TestFailure("no temporary directory") }
    chmod(path, 0o755)
    return String(cString: path)
}
