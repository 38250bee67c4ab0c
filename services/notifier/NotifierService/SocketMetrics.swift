internal import EventLoop
internal import HTTP
internal import Observability

/// Counts the ends of sockets and streams.
@ServiceActor
struct SocketMetrics {
    /// A client may close with any of thousands of codes. These have a series of their own, and the others share one.
    private static let known: Set<UInt16> = [1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1011, 1012, 1013, 4404, 4408]

    private let closed: MetricFamily<Counter>
    private let slow: MetricFamily<Counter>

    init(metrics: MetricsRegistry) {
        closed = metrics.counters("sockets_closed_total", help: "WebSockets that ended, by close code; 1006 is none.", by: ["code"])
        slow = metrics.counters("slow_clients_closed_total", help: "Clients cut off because they read too slowly.", by: ["transport"])
        for transport in ["websocket", "sse"] { _ = slow.labelled(transport) }
    }

    func watch(_ router: HTTPRouter) {
        router.onSocketClose = { [closed, slow] code in
            closed.labelled(Self.known.contains(code.rawValue) ? code.description : "other").increment()
            if code == .tooSlow { slow.labelled("websocket").increment() }
        }
        router.onStreamEnd = { [slow] wasTooSlow in
            if wasTooSlow { slow.labelled("sse").increment() }
        }
    }
}
