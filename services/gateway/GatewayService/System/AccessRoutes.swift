internal import Access
internal import EventLoop
internal import HTTP
internal import JSON
internal import Orders
internal import ServiceKit

/// `GET /api/access`: who the caller is, and what it may do.
@ServiceActor
struct AccessRoutes {
    let access: AccessGate

    func add(to router: HTTPRouter) {
        router.get("/api/access", query: [], for: .identify) { request, _ in .json(200, show(request.principal)) }
    }

    private func show(_ caller: Principal) -> String {
        JSONWriter.object {
            $0.field("mode", access.isKeyed ? "keyed" : "open")
            $0.field("name", orNull: caller.name.isEmpty ? nil : caller.name)
            $0.array("scopes") { for name in caller.scopes.names { $0.value(string: name) } }
            $0.field("user", orNull: caller.user?.text)
        }
    }
}
