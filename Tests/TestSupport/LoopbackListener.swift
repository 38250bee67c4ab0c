internal import Glibc
internal import Synchronization

/// A socket that listens on the loopback interface.
public struct LoopbackListener: Sendable {
    /// The socket. It does not block, and child processes do not inherit it.
    public let descriptor: Int32
    /// The TCP port.
    public let port: UInt16

    /// Listens on a port; on a free one that the kernel chooses if it is 0. The owner closes it.
    public init(port wanted: UInt16 = 0) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = wanted.bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { [descriptor] in
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) | listen(descriptor, 1024) | getsockname(descriptor, $0, &length)
            }
        }
        guard code == 0 else {
            Glibc.close(descriptor)
            throw TestFailure("cannot listen")
        }
        port = UInt16(bigEndian: address.sin_port)
    }

    /// Stops listening.
    public func close() { Glibc.close(descriptor) }
}

/// A port whose connections the kernel accepts, and over which nothing is ever sent. It listens as long as the object lives.
public final class SilentPort: Sendable {
    private let listener: LoopbackListener

    /// The TCP port.
    public var port: UInt16 { listener.port }

    /// Listens.
    public init() throws { listener = try LoopbackListener() }

    deinit { listener.close() }
}

private let givenPorts = Mutex<Set<UInt16>>([])

/// A TCP port of the loopback interface on which nobody listens. No second call in this process gives it.
///
/// It is below the ports that the kernel gives to connections, which Linux takes from 32,768 on by default: one of those could be taken before the
/// server starts that is meant to have it, or while it is restarted.
public func freePort() throws -> UInt16 {
    for _ in 0..<1000 {
        let port = UInt16.random(in: 10_000...32_000)
        guard givenPorts.withLock({ $0.insert(port).inserted }), let listener = try? LoopbackListener(port: port) else { continue }
        listener.close()
        return port
    }
    throw TestFailure("no free port")
}
