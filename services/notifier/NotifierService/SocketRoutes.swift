internal import EventLoop
internal import HTTP
internal import Observability
internal import Orders

/// The paths of the sockets, and the dialect that each speaks.
@ServiceActor
struct SocketRoutes {
    let feeds: OrderFeeds
    let users: UserFeeds
    let sent: MetricFamily<Counter>

    func add(to router: HTTPRouter) {
        router.webSocket("/ws/orders/{id}") { _, parameters, socket in
            await serve(socket, id: parameters["id"], after: 0, dialect: StatusUpdateDialect(), name: "002_003")
        }
        router.webSocket("/v1/stream") { request, _, socket in
            guard let order = request.query("orderId") else { return await serveFrames(socket) }
            guard let after = Int(request.query("after") ?? "0"), after >= 0 else {
                return socket.close(code: .policyViolation, reason: "after has to be a whole number from 0")
            }
            await serve(socket, id: order, after: after, dialect: NativeDialect(), name: "native")
        }
    }

    private func serve(_ socket: WebSocket, id text: String, after: Int, dialect: any Dialect, name: String) async {
        guard let id = OrderID(parsing: text) else {
            return socket.close(code: .policyViolation, reason: "the order id has to be a UUID")
        }
        await OrderSocket(socket: socket, dialect: dialect, sent: sent.labelled(name)).serve(id, after: after, feeds: feeds)
    }
}
