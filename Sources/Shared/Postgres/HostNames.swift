internal import EventLoop
internal import Glibc

/// Looks up host names outside the loop. Each name is looked up at most once at a time.
@ServiceActor
final class HostNames {
    private var running: [String: Promise<[String]>] = [:]

    /// Whether a host of a connection URL is a name: not empty, no folder of a socket, no address.
    nonisolated static func isName(_ host: String) -> Bool {
        guard let first = host.utf8.first, first != UInt8(ascii: "/"), first != UInt8(ascii: "@"), !host.contains(":") else { return false }
        var address = in_addr()
        return inet_pton(AF_INET, host, &address) != 1
    }

    /// The addresses of a name, as text; none if the name is unknown.
    func addresses(of host: String, within limit: Duration) async throws(PostgresError) -> [String] {
        let lookup = running[host] ?? start(host)
        do {
            return try await lookup.value(within: limit)
        } catch {
            if error is CancellationError { throw .cancelled }
            throw PostgresError(.unavailable, "the host name of Postgres could not be resolved in time")
        }
    }

    private func start(_ host: String) -> Promise<[String]> {
        let promise = Promise<[String]>()
        running[host] = promise
        // Detached, because everything else runs on the loop, and getaddrinfo blocks as long as a name server is silent.
        Task.detached {
            let addresses = Self.lookUp(host)
            Loop.perform {
                self.running[host] = nil
                promise.succeed(addresses)
            }
        }
        return promise
    }

    private nonisolated static func lookUp(_ host: String) -> [String] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var addresses: [String] = []
        var entry = list
        while let info = entry?.pointee {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            if getnameinfo(info.ai_addr, info.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 {
                addresses.append(text.withUnsafeBufferPointer { String(cString: $0.baseAddress!) })
            }
            entry = info.ai_next
        }
        return addresses
    }
}
