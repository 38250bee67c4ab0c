internal import EventLoop
internal import HTTP
internal import Observability

extension SocketRoutes {
    /// Serves a socket of `/v1/stream` that names no order in its URL, until it is closed.
    func serveFrames(_ socket: WebSocket) async {
        let outbox = NativeOutbox(outlet: socket, sent: sent.labelled("native"))
        let session = NativeSession(outbox: outbox, orders: feeds, users: users)
        socket.onText = { [weak session] in session?.receive($0) }
        await socket.closed()
        session.close()
    }
}
