internal import Glibc

/// A numeric address and a port, as the kernel takes them.
struct SocketAddress {
    private var storage = sockaddr_storage()
    private let length: socklen_t

    /// Nil where `host` is no numeric address. A scope such as `%eth0` is understood.
    init?(host: String, port: UInt16) {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &list) == 0, let entry = list?.pointee else { return nil }
        defer { freeaddrinfo(list) }
        length = entry.ai_addrlen
        withUnsafeMutableBytes(of: &storage) { $0.copyMemory(from: UnsafeRawBufferPointer(start: entry.ai_addr, count: Int(entry.ai_addrlen))) }
    }

    var family: Int32 { Int32(storage.ss_family) }

    /// Begins to connect; the result is that of `connect(2)`.
    func connect(_ descriptor: Int32) -> Int32 {
        withUnsafePointer(to: storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(descriptor, $0, length) }
        }
    }
}
