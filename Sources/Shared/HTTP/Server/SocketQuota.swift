internal import Configuration
internal import EventLoop

/// What a WebSocket or stream counts for: its client under some name, and how many the client may have open.
public struct SocketQuota: Sendable, Equatable {
    /// Names of different kinds begin with different words: `address 192.0.2.1`, `key desk`.
    public let owner: String
    public let limit: Int

    public init(owner: String, limit: Int) {
        self.owner = owner
        self.limit = limit
    }
}

/// How many WebSockets and streams the owner of each quota has.
@ServiceActor
final class QuotaCounts {
    private var counts: [String: Int] = [:]

    /// Counts one, unless the quota is used up.
    func enter(_ quota: SocketQuota) -> Bool {
        guard counts[quota.owner, default: 0] < quota.limit else { return false }
        counts[quota.owner, default: 0] += 1
        return true
    }

    /// - Parameter owner: nil if nothing was counted.
    func leave(_ owner: String?) {
        guard let owner else { return }
        counts[owner] = counts[owner].flatMap { $0 > 1 ? $0 - 1 : nil }
    }
}

extension HTTPServer {
    /// Whether WebSockets and streams count for anything.
    var countsSockets: Bool { options.socketsPerAddress != nil || router.socketQuota != nil }

    /// What a WebSocket or stream of this request counts for: what the router says, else its client's address. Nil for nothing.
    func quota(of request: HTTPRequest) -> SocketQuota? {
        router.socketQuota?(request)
            ?? options.socketsPerAddress.map { SocketQuota(owner: "address \(request.clientAddress.owner)", limit: $0) }
    }
}
