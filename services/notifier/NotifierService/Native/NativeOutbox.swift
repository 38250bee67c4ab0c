internal import EventLoop
internal import HTTP
internal import Observability

/// The socket to which a session's frames go.
@ServiceActor
protocol NativeOutlet: AnyObject {
    var isOpen: Bool { get }
    /// Bytes that the client has not taken.
    var bufferedBytes: Int { get }
    func send(text: String) -> Bool
    func close(code: CloseCode, reason: String)
}

extension WebSocket: NativeOutlet {}

/// The frames that wait for a client, in order.
///
/// A replay of hundreds of orders, or a burst after an outage, is more than the socket may hold for a slow reader, even if the client is not slow. So
/// the socket gets only as much as the client takes, and the rest waits here. The texts of events take no extra memory, because their feeds hold them
/// anyway.
@ServiceActor
final class NativeOutbox {
    /// If more messages wait, the client cannot keep up.
    static let maxMessages = 8192
    static let maxBytes = 8 << 20
    private static let calmMessages = 1024
    private static let calmBytes = 1 << 20
    /// How much the socket gets before it has written all of it.
    private static let burstMessages = 32
    private static let burstBytes = 64 << 10
    private static let pause = Duration.milliseconds(2)

    /// Called when nothing is left to wait.
    var onEmpty: (@ServiceActor () -> Void)?
    private let outlet: any NativeOutlet
    private let sent: Counter
    private let waiting = BoundedQueue<String>(bound: maxMessages)
    private var waitingBytes = 0
    private var burst = 0
    private var isPumping = false

    init(outlet: any NativeOutlet, sent: Counter) {
        self.outlet = outlet
        self.sent = sent
    }

    /// Whether so few messages wait that the session may ask for more.
    var isCalm: Bool { waiting.count < Self.calmMessages && waitingBytes < Self.calmBytes }

    /// Queues a message. Closes the socket of a client that cannot keep up.
    func send(_ text: String) {
        guard outlet.isOpen else { return }
        if waiting.count == 0, hasRoom { return give(text) }
        guard waitingBytes + text.utf8.count <= Self.maxBytes, waiting.send(text) else {
            return outlet.close(code: .tooSlow, reason: "too slow: subscribe again with after")
        }
        waitingBytes += text.utf8.count
        guard !isPumping else { return }
        isPumping = true
        Loop.spawn { await self.pump() }
    }

    func close(code: CloseCode, reason: String) { outlet.close(code: code, reason: reason) }

    private var hasRoom: Bool {
        let buffered = outlet.bufferedBytes
        if buffered == 0 { burst = 0 }
        return burst < Self.burstMessages && buffered < Self.burstBytes
    }

    private func give(_ text: String) {
        burst += 1
        if outlet.send(text: text) { sent.increment() }
    }

    /// Gives waiting messages to the socket as the client takes them. The socket itself cuts off a client that takes nothing.
    private func pump() async {
        while outlet.isOpen {
            while hasRoom, let text = waiting.poll() {
                waitingBytes -= text.utf8.count
                give(text)
            }
            guard waiting.count > 0 else { break }
            try? await sleep(for: Self.pause)
        }
        isPumping = false
        if outlet.isOpen { onEmpty?() }
    }
}
