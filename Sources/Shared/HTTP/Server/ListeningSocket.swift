internal import Glibc

/// A TCP socket that has its address, and listens once it is told to.
struct ListeningSocket {
    let descriptor: Int32
    let port: UInt16

    /// Takes a numeric address. `::` takes IPv4 too. Port 0 takes any free port.
    init(address: String, port: UInt16) throws(HTTPServerError) {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(address, String(port), &hints, &found) == 0, let info = found else { throw .badAddress(address) }
        defer { freeaddrinfo(info) }
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        descriptor = socket(info.pointee.ai_family, kind, 0)
        guard descriptor >= 0 else { throw .cannotListen(address: address, port: port, code: errno) }
        Self.set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
        if info.pointee.ai_family == AF_INET6 { Self.set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 0) }
        guard bind(descriptor, info.pointee.ai_addr, info.pointee.ai_addrlen) == 0 else {
            let code = errno
            close(descriptor)
            throw .cannotListen(address: address, port: port, code: code)
        }
        self.port = Self.boundPort(descriptor)
    }

    func listen(on address: String, backlog: Int) throws(HTTPServerError) {
        guard Glibc.listen(descriptor, Int32(backlog)) == 0 else { throw .cannotListen(address: address, port: port, code: errno) }
    }

    private static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    /// IPv4 and IPv6 addresses have the port at the same place.
    private static func boundPort(_ descriptor: Int32) -> UInt16 {
        var address = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        withUnsafeMutablePointer(to: &address) {
            _ = $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return UInt16(bigEndian: address.sin6_port)
    }
}
