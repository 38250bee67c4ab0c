public import EventLoop

/// What a caller must be allowed to do, to use a route. The server only carries it from the route to the gate.
public struct RoutePermission: Sendable, Hashable {
    public let name: String

    public init(_ name: String) { self.name = name }
}

/// A request that may go on.
public struct RequestPass: Sendable {
    /// Who sends it.
    public let caller: any AnyObject & Sendable
    /// Header fields for the answer, whatever it is.
    public let headers: [(String, String)]

    public init(caller: any AnyObject & Sendable, headers: [(String, String)] = []) {
        self.caller = caller
        self.headers = headers
    }
}

/// Decides which requests reach a handler. A server without a gate serves everybody.
@ServiceActor
public protocol RequestGate: AnyObject {
    /// Called before the handler of a route. Throws the refusal of a caller who may not use it.
    ///
    /// - Parameter permission: what the route needs; nil if it names nothing, which is for the most powerful callers only.
    func admit(_ request: HTTPRequest, needing permission: RoutePermission?) throws(Problem) -> RequestPass
}
