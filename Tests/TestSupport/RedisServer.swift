public import EventLoop
internal import Glibc

/// A private Redis server of the tests, on a port and in a directory of its own.
@ServiceActor
public final class RedisServer {
    private static var sharedServers: [Bool: Promise<RedisServer>] = [:]

    /// The TCP port on 127.0.0.1; a restart keeps it.
    public let port: UInt16
    /// The directory of the server's data. `stop` removes it.
    public let directory: String
    private let arguments: [String]
    /// The namespace in which the directory is a small disk, if the server has one.
    var disk: Namespace?
    private var process: ChildProcess?
    private var databases = 0

    /// The URL of database 0.
    public var url: String { "redis://127.0.0.1:\(port)/0" }

    /// The one server that the tests of this process share. Each test takes a `database()`, and random names for channels, because channels have no
    /// database. A test that touches the whole server (FLUSHALL, SCRIPT FLUSH, CONFIG, killing it) needs a server from `start`.
    public static func shared(appendonly: Bool = false) async throws -> RedisServer {
        if let started = sharedServers[appendonly] { return try await started.value }
        let promise = Promise<RedisServer>()
        sharedServers[appendonly] = promise
        do {
            let server = try await start(appendonly: appendonly)
            removeDirectoryAtExit(server.directory)
            promise.succeed(server)
            return server
        } catch {
            promise.fail(error)
            throw error
        }
    }

    /// Starts a server for one test, which stops it. If `port` is nil, a free one is taken. `extraConfig` is a list of options such as
    /// `--requirepass`, `x`. With `diskMegabytes` its directory is a disk of that size; `Namespace.isAllowed` has to hold for that.
    public static func start(
        appendonly: Bool = true, fsync: String = "always", port: UInt16? = nil, extraConfig: [String] = [], diskMegabytes: Int? = nil
    ) async throws -> RedisServer {
        let options = ["--appendonly", appendonly ? "yes" : "no", "--appendfsync", fsync] + extraConfig
        // Another process may take a free port before the server does.
        for _ in 0..<5 {
            let server = RedisServer(port: try port ?? freePort(), directory: try temporaryDirectory("redis"), options)
            do {
                if let diskMegabytes { try await server.mountDisk(megabytes: diskMegabytes) }
                try await server.restart()
                return server
            } catch {
                try await server.stop()
                if port != nil { throw error }
            }
        }
        throw TestFailure("redis-server did not start")
    }

    private init(port: UInt16, directory: String, _ options: [String]) {
        self.port = port
        self.directory = directory
        arguments =
            ["redis-server", "--port", String(port), "--bind", "127.0.0.1", "--dir", directory, "--databases", "1000", "--save", ""]
            + options
    }

    /// The URL of a database that no other caller gets.
    public func database() -> String {
        databases += 1
        precondition(databases < 1000, "the tests have used up the databases of the shared server")
        return "redis://127.0.0.1:\(port)/\(databases)"
    }

    /// Ends the server by SIGKILL.
    public func kill() async throws { try await process?.stop(SIGKILL) }

    /// Starts the server again after `kill`, on the same port and data. Returns when it is ready.
    public func restart() async throws {
        let log = "\(directory)/log-\(MonotonicInstant.now.nanoseconds)"
        let process = try ChildProcess((disk?.entering ?? []) + arguments, output: log)
        self.process = process
        try await eventually {
            if let status = process.exitStatus() { throw TestFailure("redis-server ended with \(status): \(contents(of: log))") }
            return contents(of: log).contains("Ready to accept connections")
        }
    }

    /// Ends the server and removes its data.
    public func stop() async throws {
        try await kill()
        try await disk?.stop()
        removeDirectory(directory)
    }

    /// Whether the process has ended by itself.
    public var hasEnded: Bool { process?.exitStatus() != nil }

    /// Stops the server's process until `thaw`. Its connections stay open.
    public func freeze() { process?.signal(SIGSTOP) }

    /// Lets a frozen server go on.
    public func thaw() { process?.signal(SIGCONT) }
}
