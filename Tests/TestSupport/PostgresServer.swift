public import EventLoop
internal import Glibc
internal import Synchronization

/// A private Postgres cluster in a temporary directory, on a port of the loopback interface. It ends with the test process.
///
/// It does not sync to disk by default. So it survives `kill`, but not a crash of the machine.
@ServiceActor
public final class PostgresServer {
    /// The port.
    public let port: UInt16
    private let directory: String
    private let user: String?
    private let isDurable: Bool
    private var process: ChildProcess?
    private var databases = 0
    private static var starting: Promise<PostgresServer>?

    private init(isDurable: Bool) throws {
        port = try freePort()
        directory = try temporaryDirectory("postgres")
        self.isDurable = isDurable
        // Postgres refuses to run as root.
        user = geteuid() == 0 ? "postgres" : nil
        if let user, let entry = getpwnam(user) { chown(directory, entry.pointee.pw_uid, entry.pointee.pw_gid) }
        removeAtExit(directory)
    }

    /// The cluster of the test process, which starts at the first call.
    public static func shared() async throws -> PostgresServer {
        if let starting { return try await starting.value(within: .seconds(60)) }
        let promise = Promise<PostgresServer>()
        starting = promise
        do { promise.succeed(try await start()) } catch { promise.fail(error) }
        return try await promise.value
    }

    /// Starts a cluster for one test, which may stop and kill it. If `isDurable`, it syncs to disk as in production.
    public static func start(isDurable: Bool = false) async throws -> PostgresServer {
        let server = try PostgresServer(isDurable: isDurable)
        try await server.execute(["initdb", "-N", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "-D", server.data])
        try await server.restart()
        return server
    }

    /// Starts a standby of this server. It applies what this one writes as soon as it comes.
    public func standby() async throws -> PostgresServer {
        let server = try PostgresServer(isDurable: isDurable)
        let source = ["-h", directory, "-p", String(port), "-U", "postgres"]
        try await server.execute(["pg_basebackup"] + source + ["-D", server.data, "-R", "-X", "stream", "-c", "fast", "--no-sync"])
        try await server.restart()
        return server
    }

    /// The URL at this standby of a database of its primary.
    public func url(of database: String) -> String { "postgres://postgres@127.0.0.1:\(port)/\(database.split(separator: "/").last ?? "")" }

    /// Makes an empty database and returns its URL.
    public func database() async throws -> String {
        databases += 1
        let name = "test_\(getpid())_\(databases)"
        try await execute(["createdb", "-h", directory, "-p", String(port), "-U", "postgres", name])
        return "postgres://postgres@127.0.0.1:\(port)/\(name)"
    }

    /// Ends the server at once, as `kill -9` does. After `restart` it has all that was committed.
    public func kill() async throws {
        // A backend serves its client until it notices that its server is gone. A server that is stopped first makes no new backend meanwhile.
        try signalAll(SIGSTOP)
        try signalAll(SIGKILL)
        try await process?.stop(SIGKILL)
    }

    /// Ends the server in an orderly way that does not wait for its clients.
    public func stop() async throws { try await process?.stop(SIGINT) }

    /// Stops the processes of the server without ending them: connections stay open, and the server answers nothing until `resume`.
    public func pause() throws { try signalAll(SIGSTOP) }

    /// Lets a paused server go on.
    public func resume() throws { try signalAll(SIGCONT) }

    /// Starts the server, again or for the first time, and waits until it accepts connections.
    public func restart() async throws {
        if process?.exitStatus() == nil { try await process?.stop(SIGINT) }
        var settings = ["listen_addresses=127.0.0.1", "port=\(port)", "unix_socket_directories=\(directory)", "max_connections=600"]
        if !isDurable { settings += ["fsync=off", "full_page_writes=off"] }
        let command = [try Self.program("postgres"), "-D", data] + settings.flatMap { ["-c", $0] }
        do {
            // A new server refuses to start until the backends of the killed one are gone.
            try await eventually(within: .seconds(30)) {
                if self.process?.exitStatus() != nil || self.process == nil {
                    self.process = try ChildProcess(command, user: self.user, output: self.log)
                }
                return self.isReady
            }
        } catch {
            throw TestFailure("postgres did not start: \(error); its log: \(readFile(log) ?? "")")
        }
    }

    private var log: String { "\(directory)/log" }
    private var data: String { "\(directory)/data" }

    /// Whether the server is ready. It writes its state into the last line of its pid file.
    private var isReady: Bool {
        guard let process, let text = readFile("\(data)/postmaster.pid") else { return false }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.count > 7 && lines[0] == String(process.pid) && lines[7].hasPrefix("ready")
    }

    private func signalAll(_ signal: Int32) throws { if let process { signalServer(process.pid, signal) } }

    private func execute(_ command: [String]) async throws {
        let child = try ChildProcess([try Self.program(command[0])] + command.dropFirst(), user: user, output: log)
        let status = try await child.exit(within: .seconds(60))
        guard status == 0 else { throw TestFailure("\(command[0]) failed: \(readFile(log) ?? "")") }
    }

    /// The path of a program of the newest installed version. Debian keeps the servers' programs out of PATH.
    private static func program(_ name: String) throws -> String {
        let versions = (9...40).reversed().map { "/usr/lib/postgresql/\($0)/bin" }
        let path = getenv("PATH").map { String(cString: $0).split(separator: ":").map(String.init) } ?? []
        guard let folder = (versions + path).first(where: { access("\($0)/\(name)", X_OK) == 0 }) else {
            throw TestFailure("\(name) is not installed: install postgresql-15")
        }
        return "\(folder)/\(name)"
    }
}

/// Signals a server and its backends.
private func signalServer(_ server: pid_t, _ signal: Int32) {
    let children = readFile("/proc/\(server)/task/\(server)/children") ?? ""
    for pid in [server] + children.split(separator: " ").compactMap({ pid_t($0) }) { kill(pid, signal) }
}

private func readFile(_ path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 65536)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes.prefix(count), as: UTF8.self)
}

private let leftovers = Mutex<[String]>([])

/// Ends the server of a directory with all its backends. A server that outlives its files would try to open them again for ever.
private func endServer(of directory: String) {
    let lines = readFile("\(directory)/data/postmaster.pid")?.split(separator: "\n") ?? []
    guard let pid = lines.first.flatMap({ pid_t($0) }), readFile("/proc/\(pid)/cmdline")?.contains("\(directory)/data") == true else { return }
    signalServer(pid, SIGSTOP)
    signalServer(pid, SIGKILL)
}

/// Ends the server and removes its directory when the process ends: a cluster takes 40 MB.
private func removeAtExit(_ directory: String) {
    let isFirst = leftovers.withLock { directories in
        directories.append(directory)
        return directories.count == 1
    }
    guard isFirst else { return }
    atexit {
        let directories = leftovers.withLock { $0 }
        directories.forEach(endServer)
        let command = ["rm", "-rf", "--"] + directories
        let arguments = command.map { strdup($0) } + [nil]
        var pid: pid_t = 0
        if posix_spawnp(&pid, "rm", nil, nil, arguments, environ) == 0 { waitpid(pid, nil, 0) }
    }
}
