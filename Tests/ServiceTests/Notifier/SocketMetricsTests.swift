import EventLoop
import HTTP
import Observability
import TestSupport
import Testing

@testable import NotifierService

@Suite(.onLoop) @ServiceActor
struct SocketMetricsTests {
    private let metrics = MetricsRegistry()
    private let router = HTTPRouter()

    init() { SocketMetrics(metrics: metrics).watch(router) }

    @Test func `a slow reader is counted by its transport`() {
        router.onSocketClose?(.tooSlow)
        router.onSocketClose?(.normal)
        router.onStreamEnd?(true)
        router.onStreamEnd?(false)
        let text = metrics.render()
        #expect(text.contains(#"slow_clients_closed_total{transport="websocket"} 1"#))
        #expect(text.contains(#"slow_clients_closed_total{transport="sse"} 1"#))
        #expect(text.contains(#"sockets_closed_total{code="4408"} 1"#))
    }

    @Test func `the codes that clients make up share one series`() {
        for code in UInt16(3000)..<3300 { router.onSocketClose?(CloseCode(rawValue: code)) }
        #expect(metrics.render().contains(#"sockets_closed_total{code="other"} 300"#))
        #expect(!metrics.render().contains(#"code="3000""#))
    }
}
