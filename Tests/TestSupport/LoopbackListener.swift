internal import Glibc
internal import Synchronization

/// A socket that listens on the loopback interface.
public struct LoopbackListener: Sendable {
    /// The socket. It does not block, and child processes do not inherit it.
    public let descriptor: Int32
    /// The TCP port.
    public let port: UInt16

    /// Listens on a port of 127.0.0.`host`; on a free one that the kernel chooses if it is 0. The owner closes it.
    public init(host: UInt8 = 1, port wanted: UInt16 = 0, backlog: Int32 = 1024) throws {
        descriptor = loopbackSocket()
        var address = loopbackAddress(host, wanted)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { [descriptor] in
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) | listen(descriptor, backlog) | getsockname(descriptor, $0, &length)
            }
        }
        guard code == 0 else {
            Glibc.close(descriptor)
            throw TestFailure("cannot listen")
        }
        port = UInt16(bigEndian: address.sin_port)
    }

    /// The socket of a client that waits; nil if none does. The socket does not block. Child processes do not inherit it: as long as one held it, the
    /// connection would not end when the test closes it. (They are started on the loop, as this is called.)
    public func accept() -> Int32? {
        let client = Glibc.accept(descriptor, nil, nil)
        guard client >= 0 else { return nil }
        _ = fcntl(client, F_SETFL, O_NONBLOCK)
        _ = fcntl(client, F_SETFD, FD_CLOEXEC)
        return client
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

/// An address of the loopback interface where no connection is ever made: a client waits until its time is over, as where no machine is.
public final class SilentAddress: Sendable {
    private static let host: UInt8 = 9
    /// The address.
    public static let text = "127.0.0.\(host)"
    private let listener: LoopbackListener
    private let fillers: [Int32]

    /// Takes a port of the address. The kernel drops what asks for a connection once more wait to be accepted than there is room for.
    public init(port: UInt16) throws {
        listener = try LoopbackListener(host: Self.host, port: port, backlog: 0)
        fillers = (0..<4).map { _ in
            let filler = loopbackSocket()
            var address = loopbackAddress(Self.host, port)
            _ = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(filler, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
            }
            return filler
        }
    }

    deinit {
        for filler in fillers { close(filler) }
        listener.close()
    }
}

/// A TCP socket that does not block, and that child processes do not inherit.
private func loopbackSocket() -> Int32 { socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0) }

/// The port of 127.0.0.`host`.
private func loopbackAddress(_ host: UInt8, _ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = (in_addr_t(0x7f00_0000) | in_addr_t(host)).bigEndian
    return address
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
