internal import Access
internal import Dialects
internal import EventLoop
internal import HTTP
internal import Observability
internal import Orders
internal import Pipeline
internal import ServiceKit

/// The paths of the sockets, and the dialect of each.
@ServiceActor
struct SocketRoutes {
    let feeds: OrderFeeds
    let users: UserFeeds
    let owners: any OrderOwners
    let access: AccessGate
    let holders: Holders
    let clock: RedisClock
    let sent: MetricFamily<Counter>
    /// How long a client may take to name its order, if it does so by a message.
    var namingLimit = Duration.seconds(10)

    func add(to router: HTTPRouter) {
        for dialect in Dialects.all { add(dialect, to: router) }
        router.webSocket("/v1/stream", query: ["orderId", "after", "token"], for: .introduce) { request, _, socket in
            guard let order = request.query("orderId") else { return await serveFrames(socket, request.principal) }
            guard request.principal !== Principal.nobody else {
                return socket.close(code: .unauthenticated, reason: "send an API key as a header of the handshake")
            }
            guard let after = Seq(parsing: request.query("after") ?? "0") else {
                return socket.close(code: .policyViolation, reason: "after has to be a whole number from 0 to \(Seq.max)")
            }
            await serve(socket, request, id: order, after: after, in: NativeDialect.self)
        }
    }

    private func add(_ dialect: any Dialect.Type, to router: HTTPRouter) {
        switch dialect.socket {
        case .path(let path):
            router.webSocket(path, query: ["token"], for: .follow) { request, parameters, socket in
                await serve(socket, request, id: parameters["id"], in: dialect)
            }
        case .query(let path, let parameter):
            router.webSocket(path, query: [parameter, "token"], for: .follow) { request, _, socket in
                await serve(socket, request, id: request.query(parameter) ?? "", in: dialect)
            }
        case .firstMessage(let path):
            router.webSocket(path, query: ["token"], for: .follow) { request, _, socket in
                guard let id = await firstMessage(of: socket) else { return }
                await serve(socket, request, id: id, in: dialect)
            }
        }
    }

    /// The first message without the white space around it. If none comes, closes the socket and returns nil.
    private func firstMessage(of socket: WebSocket) async -> String? {
        do {
            let text = try await withDeadline(namingLimit) { try await socket.receive() }
            return text.map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
        } catch {
            socket.close(code: .policyViolation, reason: "send the order id as the first message")
            return nil
        }
    }

    private func serve(_ socket: WebSocket, _ request: HTTPRequest, id text: String, after: Seq = 0, in dialect: any Dialect.Type) async {
        guard let id = OrderID(parsing: text) else { return socket.close(code: .policyViolation, reason: "the order id has to be a UUID") }
        // Without a time this process has not reached Redis yet, and so cannot reach an order.
        guard let now = clock.now else { return socket.close(code: .tryAgainLater, reason: "try again in a few seconds") }
        // The key may have been taken away while the client had yet to name its order.
        guard access.isValid(request.principal) else { return socket.end() }
        let place = holders.enter(request.principal) { socket.end() }
        defer { holders.leave(place) }
        await OrderSocket(socket: socket, dialect: dialect.init(), sent: sent.labelled(dialect.label))
            .serve(id, after: after, feeds: OwnOrders.of(feeds, for: request.principal), at: Timestamp.text(milliseconds: now))
    }
}

extension WebSocket {
    /// Closes the socket of a caller whose key is not valid any more.
    func end() { close(code: .unauthenticated, reason: "the API key is not valid any more") }
}
