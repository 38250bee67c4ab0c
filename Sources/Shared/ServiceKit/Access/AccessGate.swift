public import Access
internal import Configuration
public import EventLoop
public import HTTP
public import Orders

/// Decides who may use which route.
///
/// Without keys the engine is for whoever reaches it, and the danger is a page that an operator opens: such a page may change nothing, and read
/// nothing. With keys the danger is a caller who wants more than its key allows.
@ServiceActor
public final class AccessGate: RequestGate {
    private let hosts: HostRule
    let origins: CrossOrigin
    /// The keys; nil if there are none.
    private let keys: KeyStore?
    private let tokens: SocketTokens
    private let limiter: RateLimiter

    init(settings: AccessSettings, keys: KeyStore?, tokens: SocketTokens, limiter: RateLimiter) {
        self.limiter = limiter
        hosts = HostRule(names: settings.hosts)
        origins = .own(and: settings.origins)
        self.keys = keys
        self.tokens = tokens
    }

    /// Calls `body` with the keys, now and whenever their file was read again. Without keys it is never called.
    public func watchKeys(_ body: @escaping @ServiceActor (KeyRing) -> Void) { keys?.onRead = body }

    /// Whether the orders of one of the keys are counted.
    public var countsOrders: Bool { keys?.ring.countsOrders ?? false }

    /// Whether callers need keys.
    public var isKeyed: Bool { keys != nil }

    /// Whether a caller may place orders for a user.
    public func maySpeak(for user: UserID, _ principal: Principal) -> Bool { keys?.ring.maySpeak(for: user, principal) ?? true }

    /// Whether a caller's key is still valid, with the rights that it had.
    public func isValid(_ principal: Principal) -> Bool { keys?.ring.isValid(principal, at: WallClock.milliseconds) ?? true }

    /// The holder of a key that came in a message; nil if the key is not valid. Where there are no keys, anyone.
    public func holder(of key: String) -> Principal? { keys.map { $0.holder(of: key) } ?? .anyone }

    /// Finds out who sends a request. Throws a 401, 403, 415 or 421.
    public func admit(_ request: HTTPRequest, needing permission: RoutePermission?) throws(Problem) -> RequestPass {
        let permission = permission ?? .operate
        if permission == .open { return RequestPass(caller: Principal.nobody) }
        if permission == .probe { return RequestPass(caller: keys.map { (try? $0.holder(request, .operate, tokens)) ?? .nobody } ?? .anyone) }
        try checkPage(request, permission)
        let principal = try principal(of: request, permission)
        return RequestPass(
            caller: principal, headers: try limiter.admit(principal, at: request.clientAddress, permission.kind(request.method)))
    }

    /// Who sends a request. A caller without a valid key is counted by its address, so that nobody can try keys without end.
    private func principal(of request: HTTPRequest, _ permission: RoutePermission) throws(Problem) -> Principal {
        guard let keys else { return try anyone(request, permission) }
        do throws(Problem) {
            return try keys.holder(request, permission, tokens)
        } catch {
            _ = try limiter.admit(.nobody, at: request.clientAddress, .requests)
            throw error
        }
    }

    /// Refuses a request that a page of another site has made. Browsers say so, and nobody else does.
    private func checkPage(_ request: HTTPRequest, _ permission: RoutePermission) throws(Problem) {
        guard permission.isGuarded(request.method) else { return }
        if let origin = request.header("Origin") {
            guard origins.allows(origin, host: request.header("Host")) else { throw .originNotAllowed }
        } else if let site = request.header("Sec-Fetch-Site"), site == "cross-site" || site == "same-site" {
            // A page needs no `Origin` to load the address of an image.
            throw .originNotAllowed
        }
    }

    private func anyone(_ request: HTTPRequest, _ permission: RoutePermission) throws(Problem) -> Principal {
        guard hosts.allows(request.header("Host")) else { throw .hostNotAllowed }
        // No page can send this type to another origin unasked.
        if permission == .operate, request.method == "POST", !request.isJSON { throw .notJSON }
        return .anyone
    }
}

extension HTTPRequest {
    /// Whether the body is said to be JSON.
    public var isJSON: Bool {
        guard let type = header("Content-Type") else { return false }
        return type == "application/json" || type.prefix { $0 != ";" }.lowercased().filter { $0 != " " && $0 != "\t" } == "application/json"
    }
}
