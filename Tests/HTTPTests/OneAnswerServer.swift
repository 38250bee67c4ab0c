import EventLoop
import Glibc
import TestSupport

/// Answers every connection with the same bytes and closes it: for answers that no right server gives.
@ServiceActor
final class OneAnswerServer {
    let port: UInt16
    private let listener: LoopbackListener
    private let poll: PollHandle
    private var clients: [PollHandle] = []

    init(_ bytes: String) throws {
        let listener = try LoopbackListener()
        self.listener = listener
        port = listener.port
        poll = try PollHandle(descriptor: listener.descriptor)
        poll.watch(.readable) { [unowned self] _ in
            if let client = listener.accept() { answer(client, bytes) }
        }
    }

    /// The request is read first: unread bytes would turn the end into a reset.
    private func answer(_ client: Int32, _ bytes: String) {
        guard let ready = try? PollHandle(descriptor: client) else { return }
        clients.append(ready)
        ready.watch(.readable) { _ in
            var buffer = [UInt8](repeating: 0, count: 4096)
            _ = recv(client, &buffer, buffer.count, 0)
            _ = Glibc.send(client, bytes, bytes.utf8.count, Int32(MSG_NOSIGNAL))
            ready.close()
            Glibc.close(client)
        }
    }

    func close() {
        poll.close()
        listener.close()
    }
}
