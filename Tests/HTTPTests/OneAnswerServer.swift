import EventLoop
import Glibc
import TestSupport

/// Answers every connection with the same bytes and closes it: for answers that no right server gives.
@ServiceActor
final class OneAnswerServer {
    let port: UInt16
    private let descriptor: Int32
    private let poll: PollHandle
    private var clients: [PollHandle] = []

    init(_ bytes: String) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) | listen(descriptor, 16) | getsockname(descriptor, $0, &length)
            }
        }
        guard code == 0 else { throw TestFailure("cannot listen") }
        self.descriptor = descriptor
        port = UInt16(bigEndian: address.sin_port)
        poll = try PollHandle(descriptor: descriptor)
        poll.watch(.readable) { [unowned self] _ in
            let client = accept(descriptor, nil, nil)
            if client >= 0 { answer(client, bytes) }
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
        Glibc.close(descriptor)
    }
}
