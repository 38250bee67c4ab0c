internal import EventLoop
internal import HTTP
internal import JSON

/// What one WebSocket has come to.
enum SocketOutcome: Sendable, Equatable {
    /// It was there, and is over.
    case had
    /// It cannot be had for now.
    case away(Failure)
    /// It does not say what there is to know: server-sent events do, as a status with a reason.
    case unsaid
}

extension Engine {
    /// A socket that was open that long counts as had, also without an event.
    private static let proven = Duration.seconds(1)

    /// Whether WebSockets can be tried: the listener speaks neither TLS nor to a proxy, which libcurl does for server-sent events.
    static func opensWebSockets(_ url: String, environment: [String: String]) -> Bool {
        let hasProxy = ["http_proxy", "all_proxy", "ALL_PROXY"].contains { environment[$0]?.isEmpty == false }
        return url.lowercased().hasPrefix("http://") && !url.contains("@") && (!hasProxy || HTTPClientOptions.isLocal(url))
    }

    /// One WebSocket of the engine's own protocol, from the event after the last one seen.
    func listenToWebSocket(_ order: FollowedOrder) async -> SocketOutcome {
        var options = WebSocketListenerOptions()
        options.userAgent = "orderctl"
        let before = order.seq
        var opened: MonotonicInstant?
        do throws(HTTPClientError) {
            let ending = try await WebSocketListener.listen(
                "\(url)/v1/stream?orderId=\(Self.escaped(order.id))&after=\(order.seq)", options: options, opened: { opened = .now }
            ) { text in
                Self.take(text, order)
                return !order.isOver
            }
            switch ending {
            case .refused(let status):
                // A gateway or an edge that is busy may grant the next one.
                order.opensWebSockets = status >= 500
                return .unsaid
            case .closed(let code): return judge(code, order, wasHad: order.seq != before || (opened?.elapsed ?? .zero) >= Self.proven)
            }
        } catch {
            return judge(error, order, wasOpen: opened != nil)
        }
    }

    private static func take(_ text: String, _ order: FollowedOrder) {
        guard let message = try? JSONValue.parse(text, maximumDepth: 32) else { return }
        if let event = message["event"] { return order.take(event) }
        if message["op"]?.string == "error", message["code"]?.string == "SEQ_AHEAD" { order.beginAnew() }
    }

    private func judge(_ code: CloseCode, _ order: FollowedOrder, wasHad: Bool) -> SocketOutcome {
        if order.isOver { return .had }
        switch code {
        case .goingAway, .abnormal, .serviceRestart, .tryAgainLater, .tooSlow, .noStatus, .internalError:
            return wasHad ? .had : .away(Failure(.unreachable, "\(url) closes WebSockets at once (\(code)); see the notifiers' logs"))
        case .protocolError, .invalidText, .messageTooBig:
            order.opensWebSockets = false
            return .unsaid
        default:
            // 1000 without a final event, an order that nobody knows, an id that is none.
            return .unsaid
        }
    }

    private func judge(_ error: HTTPClientError, _ order: FollowedOrder, wasOpen: Bool) -> SocketOutcome {
        switch error {
        case .timedOut where wasOpen: return .had
        case .refused, .dns, .timedOut, .cancelled: return .away(unreachable(error))
        default:
            order.opensWebSockets = false
            return .unsaid
        }
    }
}
