internal import EventLoop
internal import HTTP
internal import Observability
internal import Orders
internal import ServiceKit

/// A client of server-sent events that follows one order, from the event after the last one it has seen to the final event.
@ServiceActor
final class OrderEventStream: OrderWatcher {
    /// Comment lines keep proxies from closing the stream of an order that stays silent.
    static let keepAlive = (interval: Duration.seconds(15), text: ": waiting\n\n")

    /// How long a browser waits before it reconnects, in ms. It does so by itself after a stream with status 200 ends, and after no other answer.
    private static let comeBack = "retry: 2000\n\n"
    /// Shorter than the server's own limit for an answer. That limit would give a 503, which ends an `EventSource` for good.
    private static let patience = Duration.seconds(8)

    /// The kind of answer, once it is known whether there is such an order.
    private enum Beginning {
        case stream, nothingLeft, unknown, unavailable
    }

    private let id: OrderID
    private let after: Seq
    private let feeds: any OrderSource
    private let sent: Counter
    private let stream: ResponseStream
    /// Called once when the stream has ended.
    var onEnd: @ServiceActor () -> Void = {}
    private let beginning = Promise<Beginning>()

    init(_ id: OrderID, after: Seq, limit: Int, feeds: any OrderSource, sent: Counter) {
        self.id = id
        self.after = after
        self.feeds = feeds
        self.sent = sent
        stream = ResponseStream(limit: limit, keepAlive: Self.keepAlive)
    }

    /// The answer, whose body goes on until the order is over. If the order cannot be read now, the answer is a stream that ends at once, so that a
    /// browser reconnects. Throws the refusal of an unknown order.
    func answer() async throws -> HTTPResponse {
        stream.onEnd = { [self] _ in
            feeds.unwatch(id, self)
            onEnd()
        }
        stream.write(Self.comeBack)
        // It watches from the first event on, whatever the client has seen. Otherwise an order without news would look like an unknown one.
        feeds.watch(id, after: 0, self)
        do {
            switch try await outcome() {
            case .stream: return .eventStream(stream)
            case .nothingLeft: return HTTPResponse(status: 204)
            case .unknown: throw Problem.unknownOrder
            case .unavailable:
                stream.write(": the order cannot be followed at the moment\n\n")
                stream.finish()
                return .eventStream(stream)
            }
        } catch {
            stream.finish()
            throw error
        }
    }

    private func outcome() async throws -> Beginning {
        do {
            return try await beginning.value(within: Self.patience)
        } catch is DeadlineExceeded {
            return .unavailable
        }
    }

    func deliver(_ event: OrderEvent) {
        guard event.seq > after.value else {
            // The order is known, but may have no news. If there will never be any, `orderIsOver` follows within this turn of the loop.
            if !beginning.isCompleted { Loop.spawn { self.beginning.succeed(.stream) } }
            return
        }
        beginning.succeed(.stream)
        if stream.write("id: \(event.seq)\nevent: \(event.type.rawValue)\ndata: \(Self.line(event))\n\n") { sent.increment() }
    }

    /// The event as JSON on one line, because `data:` has room for one line only.
    private static func line(_ event: OrderEvent) -> String {
        let text = event.text
        return text.utf8.contains { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") } ? event.json : text
    }

    /// A browser reconnects when a stream ends. Only an answer without content keeps it from doing so for ever.
    func orderIsOver() {
        beginning.succeed(.nothingLeft)
        stream.finish()
    }

    /// Ends the stream of a client that may not follow the order any more.
    func end() {
        beginning.succeed(.unknown)
        stream.finish()
    }

    func orderIsUnknown() {
        beginning.succeed(.unknown)
        stream.finish()
    }

    /// If the stream has begun, it ends here, and its client reconnects.
    func feedFailed() {
        let hasBegun = beginning.isCompleted
        beginning.succeed(.unavailable)
        if hasBegun { stream.finish() }
    }
}
