import EventLoop
import HTTP
import JSON
import TestSupport
import Testing

@testable import OrderCtl

/// Orders that are followed by WebSockets.
@Suite(.onLoop) @ServiceActor
struct WatchSocketTests {
    /// The frames of one connection, and how it ends.
    private typealias Serving = (frames: [String], code: CloseCode)

    /// An engine with sockets, one serving after the other, the last again and again, and with server-sent events.
    private final class SocketEngine {
        var servings: [Serving] = []
        var streams = [HTTPResponse.problem(404, .unknownOrder, "There is no order with this id")]
        /// Each connection as it was asked for.
        var asked: [String] = []
    }

    private static func frame(_ event: String) -> String { #"{"op":"event","event":\#(event)}"# }

    /// Runs `orderctl watch` against it.
    private func watch(_ engine: SocketEngine, _ words: String..., id: String = "o-1") async throws -> ToolRun {
        var run = ToolRun()
        let routes: @ServiceActor (HTTPRouter) -> Void = { router in
            router.get("/api/orders/{id}/events") { request, parameters in
                engine.asked.append("stream \(parameters["id"]) \(request.header("Last-Event-ID") ?? "")")
                return engine.streams.count > 1 ? engine.streams.removeFirst() : engine.streams[0]
            }
            router.webSocket("/v1/stream") { request, _, socket in
                engine.asked.append("socket \(request.query("orderId") ?? "") \(request.query("after") ?? "")")
                let serving = engine.servings.count > 1 ? engine.servings.removeFirst() : engine.servings[0]
                for frame in serving.frames { socket.send(text: frame) }
                socket.close(code: serving.code)
            }
        }
        try await withRoutes(routes) { run = await ToolRun.of(["watch", id, "--url", $0] + words) }
        return run
    }

    private func engine(_ servings: ([String], CloseCode)...) -> SocketEngine {
        let engine = SocketEngine()
        engine.servings = servings.map { ($0.0.map(Self.frame), $0.1) }
        return engine
    }

    @Test func `an order is followed over two sockets, from where the first one ended`() async throws {
        let engine = engine(([OrderSamples.pending, OrderSamples.routed], .serviceRestart), (OrderSamples.confirmed, .normal))
        let run = try await watch(engine)
        #expect(run.status == .ok && run.errors.isEmpty)
        #expect(run.output.split(separator: "\n").map { $0.prefix(30).split(separator: " ").last }.prefix(3) == ["pending", "routing", "confirmed"])
        #expect(engine.asked == ["socket o-1 0", "socket o-1 2"])
    }

    @Test func `a socket that ends at once is told, waited for, and had again`() async throws {
        let engine = engine(([], .tryAgainLater), ([], .tooSlow), (OrderSamples.confirmed, .normal))
        let run = try await watch(engine)
        #expect(run.status == .ok && run.errors == "orderctl: the engine is away; looking for it again\n" && engine.asked.count == 3)
        let json = try await watch(self.engine(([], .tryAgainLater), (OrderSamples.confirmed, .normal)), "--json")
        #expect(json.errors == #"{"error":{"code":"UNREACHABLE","message":"the engine is away; looking for it again"}}"# + "\n")
    }

    @Test(arguments: [4404, 1008, 1000] as [UInt16])
    func `what a socket does not say is asked by server-sent events`(_ code: UInt16) async throws {
        let engine = engine(([], CloseCode(rawValue: code)))
        let run = try await watch(engine, id: "x/y")
        #expect(run.status == .refused && run.errors == "orderctl: There is no order with this id\n")
        #expect(engine.asked == ["socket x/y 0", "stream x/y 0"])
    }

    @Test func `an order that was over before ends there too`() async throws {
        let engine = engine(([OrderSamples.pending], .normal))
        engine.streams = [OrderSamples.stream(OrderSamples.confirmed)]
        let run = try await watch(engine)
        #expect(run.status == .ok && engine.asked == ["socket o-1 0", "stream o-1 1"])
    }

    @Test(arguments: [CloseCode.protocolError, .messageTooBig])
    func `a socket that breaks the protocol or a limit is not tried again`(_ code: CloseCode) async throws {
        let engine = engine(([OrderSamples.pending], code))
        engine.streams = [OrderSamples.stream([OrderSamples.routed]), OrderSamples.stream(OrderSamples.confirmed)]
        let run = try await watch(engine)
        #expect(run.status == .ok && engine.asked == ["socket o-1 0", "stream o-1 1", "stream o-1 2"])
    }

    @Test func `an engine that has lost what was seen shows all it has`() async throws {
        let behind = #"{"op":"error","code":"SEQ_AHEAD","message":"no","orderId":"o-1","seq":2}"#
        let engine = SocketEngine()
        let cancelled = OrderSamples.end.replacing(#""seq":3"#, with: #""seq":2"#).replacing("confirmed", with: "cancelled")
        engine.servings = [
            ([OrderSamples.pending, OrderSamples.routed].map(Self.frame), .goingAway),
            ([behind, "no JSON", #"{"op":"else"}"#] + [OrderSamples.pending, cancelled].map(Self.frame), .normal),
        ]
        let run = try await watch(engine, "--json")
        #expect(run.status == .unfilled && engine.asked == ["socket o-1 0", "socket o-1 2"])
        let seqs = try run.output.split(separator: "\n").map { try JSONValue.parse(String($0))["seq"]?.integer }
        #expect(seqs == [1, 2, 1, 2])
    }

    @Test(arguments: [
        ("http://engine", [:], true), ("HTTP://engine/base", [:], true), ("https://engine", [:], false), ("http://a:b@engine", [:], false),
        ("http://engine", ["http_proxy": "http://proxy"], false), ("http://engine", ["ALL_PROXY": "x"], false),
        ("http://engine", ["http_proxy": ""], true), ("http://localhost:3000", ["http_proxy": "http://proxy"], true),
    ])
    func `sockets are tried without encryption and without a proxy`(_ url: String, _ environment: [String: String], _ isTried: Bool) {
        #expect(Engine(url: url, environment: environment).opensWebSockets == isTried)
    }
}
