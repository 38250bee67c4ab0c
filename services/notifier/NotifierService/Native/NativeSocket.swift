internal import Access
internal import EventLoop
internal import HTTP
internal import Observability
internal import ServiceKit

extension SocketRoutes {
    /// Serves a socket of `/v1/stream` that names no order in its URL, until it is closed. A caller without a key gives it in the first frame.
    func serveFrames(_ socket: WebSocket, _ caller: Principal) async {
        let outbox = NativeOutbox(outlet: socket, sent: sent.labelled("native"))
        var principal = caller
        if caller === Principal.nobody {
            guard let holder = await introduction(on: socket, outbox) else { return }
            principal = holder
        }
        let session = NativeSession(
            outbox: outbox, orders: OwnOrders.of(feeds, for: principal), users: OwnUsers.of(users, owners: owners, for: principal))
        let place = holders.enter(principal) { socket.end() }
        defer { holders.leave(place) }
        if caller !== principal { outbox.send(NativeReply.authenticated) }
        socket.onText = { [weak session] in session?.receive($0) }
        socket.onTooManyMessages = { [weak socket] limit in socket?.send(text: NativeError.tooManyMessages(limit).frame) }
        await socket.closed()
        session.close()
    }

    /// The holder of the key in the first frame. If there is none, closes the socket and returns nil.
    private func introduction(on socket: WebSocket, _ outbox: NativeOutbox) async -> Principal? {
        let text = try? await withDeadline(namingLimit) { try await socket.receive() }
        guard let text = text ?? nil, case .authenticate(let key)? = try? NativeFrame(parsing: text), let holder = access.holder(of: key) else {
            outbox.send(NativeError.unauthenticated.frame)
            socket.close(code: .unauthenticated, reason: "send a valid API key first")
            return nil
        }
        guard !holder.scopes.isDisjoint(with: [.read, .operate]) else {
            outbox.send(NativeError.forbidden("This API key may not read: it needs the scope read.").frame)
            socket.close(code: .forbidden, reason: "the API key needs the scope read")
            return nil
        }
        return holder
    }
}
