internal import EventLoop
internal import HTTP
internal import Observability
internal import Orders

/// A client of server-sent events that follows one order, from where it left off to the final event.
@ServiceActor
final class OrderEventStream: OrderWatcher {
    /// Comment lines keep proxies from giving up an order that stays silent.
    static let keepAlive = (interval: Duration.seconds(15), text: ": waiting\n\n")

    /// What the client is answered, once it is known whether there is such an order.
    private enum Beginning {
        case stream, nothingLeft, unknown, unavailable
    }

    private let id: OrderID
    private let after: Int
    private let feeds: OrderFeeds
    private let sent: Counter
    private let stream: ResponseStream
    private let beginning = Promise<Beginning>()

    init(_ id: OrderID, after: Int, limit: Int, feeds: OrderFeeds, sent: Counter) {
        self.id = id
        self.after = after
        self.feeds = feeds
        self.sent = sent
        stream = ResponseStream(limit: limit, keepAlive: Self.keepAlive)
    }

    /// The answer, whose body goes on until the order is over. Throws the refusal of an order that cannot be shown.
    func answer() async throws -> HTTPResponse {
        stream.onEnd = { [self] _ in feeds.unwatch(id, self) }
        // From the first event on, whatever the client has seen: only that tells an order without news from an unknown one.
        feeds.watch(id, after: 0, self)
        do {
            switch try await beginning.value {
            case .stream: return .eventStream(stream)
            case .nothingLeft: return HTTPResponse(status: 204)
            case .unknown:
                throw Problem(404, code: "UNKNOWN_ORDER", "There is no order with this id; use the orderId that the engine answered")
            case .unavailable:
                throw Problem(
                    503, code: "UNAVAILABLE", "The order cannot be followed at the moment; try again in a few seconds",
                    headers: [("Retry-After", "2")])
            }
        } catch {
            stream.finish()
            throw error
        }
    }

    func deliver(_ event: OrderEvent) {
        guard event.seq > after else {
            // Known, and maybe without news: `orderIsOver` follows in this very turn where there will never be any.
            if !beginning.isCompleted { Loop.spawn { self.beginning.succeed(.stream) } }
            return
        }
        beginning.succeed(.stream)
        if stream.write("id: \(event.seq)\nevent: \(event.type.rawValue)\ndata: \(Self.line(event))\n\n") { sent.increment() }
    }

    /// The event as JSON on one line, which is what `data:` has room for.
    private static func line(_ event: OrderEvent) -> String {
        let text = event.text
        return text.utf8.contains { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") } ? event.json : text
    }

    /// A browser asks again where a stream has ended; only an answer without content keeps it from doing so for ever.
    func orderIsOver() {
        beginning.succeed(.nothingLeft)
        stream.finish()
    }

    func orderIsUnknown() { fail(.unknown) }

    func feedFailed() { fail(.unavailable) }

    private func fail(_ reason: Beginning) {
        beginning.succeed(reason)
        stream.finish()
    }
}
