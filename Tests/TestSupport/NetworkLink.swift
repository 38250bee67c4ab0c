public import EventLoop
internal import Glibc

/// A network of one cable. At one end is a namespace for services, at the other a way to a server's Unix socket. The cable can be slow, lose packets,
/// and be cut without a notice to either end.
@ServiceActor
public final class NetworkLink {
    /// Whether this machine allows such a network: namespaces, tun devices, iproute2 and Python.
    public nonisolated static let isAvailable =
        Namespace.isAllowed && access("/dev/net/tun", R_OK | W_OK) == 0 && succeeds("command -v ip && command -v python3")

    private let namespace: Namespace
    private let cable: ChildProcess
    private let directory: String

    /// The URL of the server for services at the other end.
    public let url = "redis://10.77.0.1:6379/0"

    /// The words before the command of a service that is to run at the end of the cable.
    public var entering: [String] { namespace.entering }

    /// Connects a cable to `socket`. Each packet is lost with the probability `loss`. Each packet to the server takes `delay`, plus or minus
    /// `jitter`.
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

    /// Drops every packet from now on.
    public func cut() { cable.signal(SIGUSR1) }

    /// Lets packets pass again.
    public func heal() { cable.signal(SIGUSR2) }

    /// Removes the network.
    public func stop() async throws {
        try await cable.stop(SIGKILL)
        try await namespace.stop()
        removeDirectory(directory)
    }
}
