internal import CLibuv
internal import Glibc

/// Finds the addresses of hosts without blocking the loop.
@ServiceActor
public enum HostResolver {
    /// The numeric addresses of `host` for a TCP connection, in the system's order of preference. For an address, the address itself.
    ///
    /// Throws `LoopError` if the host cannot be found, `DeadlineExceeded` after `limit`.
    public static func addresses(of host: String, within limit: Duration) async throws -> [String] {
        var buffer = in6_addr()
        if inet_pton(AF_INET, host, &buffer) == 1 || inet_pton(AF_INET6, host, &buffer) == 1 { return [host] }
        let lookup = Lookup()
        try lookup.start(host)
        return try await lookup.answer.value(within: limit)
    }
}

/// One request to libuv's resolver threads. It lives until their answer has come, even if nobody waits for it any more.
@ServiceActor
private final class Lookup {
    let answer = Promise<[String]>()
    private let request = UnsafeMutablePointer<uv_getaddrinfo_t>.allocate(capacity: 1)

    isolated deinit { request.deallocate() }

    func start(_ host: String) throws {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        request.pointee.data = Unmanaged.passRetained(self).toOpaque()
        let code = uv_getaddrinfo(Loop.shared.storage.loop, request, onAnswer, host, nil, &hints)
        guard code == 0 else {
            Unmanaged.passUnretained(self).release()
            throw LoopError(code: code, doing: "find the address of a host")
        }
    }

    func finish(_ code: Int32, _ list: UnsafeMutablePointer<addrinfo>?) {
        guard code == 0 else {
            answer.fail(LoopError(code: code, doing: "find the address of a host"))
            return
        }
        answer.succeed(sequence(first: list) { $0?.pointee.ai_next }.prefix { $0 != nil }.compactMap { Self.name(of: $0!.pointee) })
        uv_freeaddrinfo(list)
    }

    private static func name(of entry: addrinfo) -> String? {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        guard getnameinfo(entry.ai_addr, entry.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

private func onAnswer(_ request: UnsafeMutablePointer<uv_getaddrinfo_t>?, _ code: Int32, _ list: UnsafeMutablePointer<addrinfo>?) {
    guard let context = request?.pointee.data else { return }
    ServiceActor.assume((context, code, list)) { context, code, list in
        Unmanaged<Lookup>.fromOpaque(context).takeRetainedValue().finish(code, list)
    }
}
