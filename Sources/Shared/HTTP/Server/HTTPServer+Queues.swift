internal import EventLoop

extension HTTPServer {
    /// Makes room if more bytes wait for all clients than may: ends the WebSockets and streams for which the most wait, until it is enough.
    func limitQueues() {
        guard let limit = options.queuedBytes, queuedBytes > limit else { return }
        var queues: [(bytes: Int, end: @ServiceActor () -> Void)] = []
        for socket in sockets.all where socket.isOpen && socket.bufferedBytes > 0 { queues.append((socket.bufferedBytes, socket.shed)) }
        for stream in openStreams where stream.queuedBytes > 0 { queues.append((stream.queuedBytes, { stream.end(.tooSlow) })) }
        guard !queues.isEmpty else { return }
        router.onLimit?(.queuedBytes)
        for queue in queues.sorted(by: { $0.bytes > $1.bytes }) {
            guard queuedBytes > limit else { return }
            queue.end()
        }
    }
}
