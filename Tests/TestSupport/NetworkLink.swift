public import EventLoop
internal import Glibc

/// A network of one cable: at one end a namespace for services, at the other a way to a server's Unix socket. The cable can be slow, lose packets
/// and be cut without anybody being told.
@ServiceActor
public final class NetworkLink {
    /// Whether this machine allows such a network: namespaces, tun devices, iproute2 and Python.
    public nonisolated static let isAvailable =
        Namespace.isAllowed && access("/dev/net/tun", R_OK | W_OK) == 0 && succeeds("command -v ip && command -v python3")

    private let namespace: Namespace
    private let cable: ChildProcess
    private let directory: String

    /// The server, as services at the other end reach it.
    public let url = "redis://10.77.0.1:6379/0"

    /// What goes before the command of a service that shall be at the end of the cable.
    public var entering: [String] { namespace.entering }

    /// Lays a cable to `socket`. Each packet is lost with the probability `loss`, each towards the server takes `delay` more or less `jitter`.
    public init(to socket: String, delay: Duration = .zero, jitter: Duration = .zero, loss: Double = 0) async throws {
        directory = try temporaryDirectory("link")
        namespace = try await Namespace(.network)
        let output = "\(directory)/output"
        let options = [delay, jitter].map { String($0.millisecondsRoundedUp) } + [String(loss)]
        cable = try ChildProcess(
            ["unshare", "--net", "--", "python3", "\(packageRoot)/scripts/faulty-link", socket, String(namespace.pid)] + options, output: output)
        try await eventually {
            if let status = cable.exitStatus() { throw TestFailure("the link ended with \(status): \(contents(of: output))") }
            return contents(of: output).contains("ready")
        }
    }

    /// From now on every packet is dropped.
    public func cut() { cable.signal(SIGUSR1) }

    /// Packets pass again.
    public func heal() { cable.signal(SIGUSR2) }

    /// Takes the network away.
    public func stop() async throws {
        try await cable.stop(SIGKILL)
        try await namespace.stop()
        removeDirectory(directory)
    }
}
