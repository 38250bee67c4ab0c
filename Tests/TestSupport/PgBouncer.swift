public import EventLoop
internal import Glibc

/// PgBouncer in front of a server of the tests, on a port of the loopback interface. It ends with the test process.
@ServiceActor
public final class PgBouncer {
    /// How long a client keeps a session of the server.
    public enum Mode: String, Sendable {
        case session, transaction, statement
    }

    /// Whether the program is installed. Tests that need it are skipped otherwise.
    public nonisolated static var isInstalled: Bool { access(program, X_OK) == 0 }

    private nonisolated static let program = "/usr/sbin/pgbouncer"

    private let port: UInt16
    private let directory: String
    private let process: ChildProcess

    /// Starts a PgBouncer that shares `sessions` sessions of a server among all clients of a database.
    public init(to serverPort: UInt16, mode: Mode, sessions: Int) async throws {
        port = try freePort()
        directory = try temporaryDirectory("pgbouncer")
        // PgBouncer refuses to run as root.
        let user = geteuid() == 0 ? "postgres" : nil
        if let user, let entry = getpwnam(user) { chown(directory, entry.pointee.pw_uid, entry.pointee.pw_gid) }
        try write("\"postgres\" \"\"\n", to: "\(directory)/users")
        try write(
            """
            [databases]
            * = host=127.0.0.1 port=\(serverPort)
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = \(port)
            unix_socket_dir =
            auth_type = trust
            auth_file = \(directory)/users
            pool_mode = \(mode.rawValue)
            default_pool_size = \(sessions)
            max_client_conn = 200

            """, to: "\(directory)/pgbouncer.ini")
        process = try ChildProcess([Self.program, "\(directory)/pgbouncer.ini"], user: user, output: "\(directory)/log")
        let port = port
        try await eventually { (try? RawConnection(port: port))?.close() != nil }
    }

    /// The URL of a database of the server, through PgBouncer.
    public func url(of database: String) -> String { "postgres://postgres@127.0.0.1:\(port)/\(database.split(separator: "/").last ?? "")" }

    /// Ends PgBouncer.
    public func stop() async throws {
        try await process.stop(SIGINT)
        removeDirectory(directory)
    }
}
