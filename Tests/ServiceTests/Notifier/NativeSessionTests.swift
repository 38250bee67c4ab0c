import EventLoop
import HTTP
import Observability
import Orders
import TestOrders
import TestSupport
import Testing

@testable import NotifierService

@Suite(.onLoop) @ServiceActor
struct NativeSessionTests {
    private let bench = NativeBench()
    private let a = OrderID.numbered(1)
    private let b = OrderID.numbered(2)

    // MARK: Orders

    @Test func `orders are confirmed with their newest seq, then told side by side, and done after the final event`() {
        bench.subscribe(a)
        bench.subscribe(b, after: 2)
        #expect(bench.outlet.take() == [])
        bench.orders.tell(b, 1...3)
        bench.orders.tell(a, 1...2)
        bench.orders.tell(b, 4...4)
        bench.orders.tell(a, 3...7, isOver: true)
        #expect(
            bench.outlet.take() == [
                "subscribed 0002 3", "0002/3", "subscribed 0001 2", "0001/1", "0001/2", "0002/4", "0001/3", "0001/4", "0001/5", "0001/6", "0001/7",
                "done 0001 7",
            ])
        #expect(bench.orders.watchers[a] == nil && bench.outlet.isOpen)
    }

    @Test func `an order that is subscribed to again is confirmed and told nothing twice`() {
        bench.subscribe(a)
        bench.orders.tell(a, 1...2)
        _ = bench.outlet.take()
        bench.subscribe(a, after: 0)
        bench.orders.tell(a, 3...3)
        #expect(bench.outlet.take() == ["subscribed 0001 2", "0001/3"])
        #expect(bench.orders.afters[a] == [0])
    }

    @Test func `nothing comes of an order after it was unsubscribed, and it can be taken up again from where it was left`() {
        bench.subscribe(a)
        bench.orders.tell(a, 1...2)
        bench.unsubscribe(a)
        bench.unsubscribe(a)
        bench.unsubscribe(b)
        #expect(bench.orders.watchers[a] == nil)
        bench.subscribe(a, after: 2)
        bench.orders.tell(a, 1...3)
        #expect(bench.outlet.take() == ["subscribed 0001 2", "0001/1", "0001/2", "subscribed 0001 3", "0001/3"])
        #expect(bench.orders.afters[a] == [0, 2])
    }

    @Test func `an order that nobody knows is an error; it can be asked for again`() {
        bench.subscribe(a)
        bench.orders.end(a) { $0.orderIsUnknown() }
        bench.subscribe(a)
        bench.orders.tell(a, 1...1)
        #expect(bench.outlet.take() == ["error UNKNOWN_ORDER 0001", "subscribed 0001 1", "0001/1"])
    }

    @Test func `a client that is ahead of an order that went back is told so, and gets all again`() {
        bench.subscribe(a, after: 9)
        bench.orders.watchers[a]?.orderIsKnown(Samples.order(id: a), seq: 7)
        #expect(bench.orders.watchers[a]?.orderIsBehind(seq: 7) == true)
        #expect(bench.outlet.take() == ["subscribed 0001 7", "error SEQ_AHEAD 0001 7"])
    }

    @Test func `a feed that fails is asked again from where the client is, without a word to the client`() async throws {
        bench.subscribe(a)
        bench.orders.tell(a, 1...2)
        bench.orders.end(a) { $0.feedFailed() }
        try await eventually { bench.orders.afters[a] == [0, 2] }
        bench.orders.tell(a, 1...3)
        #expect(bench.outlet.take() == ["subscribed 0001 2", "0001/1", "0001/2", "0001/3"])
        // The session does not ask for an order that was unsubscribed meanwhile.
        bench.orders.end(a) { $0.feedFailed() }
        bench.unsubscribe(a)
        try await sleep(for: .milliseconds(500))
        #expect(bench.orders.watchers[a] == nil && bench.outlet.isOpen)
    }

    // MARK: Users

    @Test func `a user's orders are told from their first event, without done`() {
        bench.subscribe(user: "u")
        bench.users.watchers["u"]?.userIsKnown(orders: 1)
        bench.users.watchers["u"]?.orderAppeared(a)
        bench.orders.tell(a, 1...3)
        bench.users.watchers["u"]?.orderAppeared(b)
        bench.orders.tell(b, 1...7, isOver: true)
        #expect(bench.outlet.take() == ["subscribed u 1", "0001/1", "0001/2", "0001/3"] + (1...7).map { "0002/\($0)" })
        bench.session.receive(#"{"op":"unsubscribe","userId":"u"}"#)
        #expect(bench.users.watchers.isEmpty && bench.orders.watchers.isEmpty)
    }

    @Test func `two Unicode forms of one name are two users, each with its own orders`() throws {
        let (composed, decomposed): (UserID, UserID) = ("Jos\u{E9}", "Jose\u{301}")
        bench.subscribe(user: composed.text)
        bench.subscribe(user: decomposed.text)
        #expect(bench.users.watchers.count == 2)
        try #require(bench.users.watchers[decomposed]).userIsKnown(orders: 0)
        #expect(bench.outlet.take().first?.utf8.elementsEqual("subscribed Jose\u{301} 0".utf8) == true)
        bench.session.receive(#"{"op":"unsubscribe","userId":"\#(composed.text)"}"#)
        #expect(bench.users.watchers[composed] == nil && bench.users.watchers[decomposed] != nil)
    }

    @Test func `an order of a followed user that is named too comes once, and stays as long as one of both wants it`() {
        bench.subscribe(user: "u")
        bench.subscribe(user: "u")
        let user = bench.users.watchers["u"]
        user?.orderAppeared(a)
        bench.orders.tell(a, 1...2)
        bench.subscribe(a)
        bench.unsubscribe(a)
        bench.orders.tell(a, 3...3)
        bench.subscribe(b)
        user?.orderAppeared(b)
        bench.session.receive(#"{"op":"unsubscribe","userId":"u"}"#)
        #expect(bench.orders.watchers[a] == nil)
        bench.orders.tell(b, 1...7, isOver: true)
        #expect(
            bench.outlet.take() == ["subscribed u 0", "0001/1", "0001/2", "subscribed 0001 2", "0001/3", "subscribed 0002 7"]
                + (1...7).map { "0002/\($0)" } + ["done 0002 7"])
        #expect(bench.orders.afters[a] == [0] && bench.orders.afters[b] == [0])
    }

    @Test func `the user's channel may ring for an order after its end was told: it is not told again`() {
        bench.subscribe(a)
        bench.subscribe(user: "u")
        bench.orders.tell(a, 1...7, isOver: true)
        bench.users.watchers["u"]?.orderAppeared(a)
        #expect(bench.orders.afters[a] == [0])
    }

    @Test func `an order of a user that is gone again is passed over in silence`() {
        bench.subscribe(user: "u")
        bench.users.watchers["u"]?.orderAppeared(a)
        bench.orders.end(a) { $0.orderIsUnknown() }
        #expect(bench.outlet.take() == [])
    }

    @Test func `since is given on less a minute`() {
        bench.session.receive(#"{"op":"subscribe","userId":"u","since":"2026-01-10T07:30:17.789Z"}"#)
        bench.session.receive(#"{"op":"subscribe","userId":"v","since":"1970-01-01T00:00:01Z"}"#)
        #expect(bench.users.since["u"] == 1_768_030_157_789 && bench.users.since["v"] == 0)
    }

    // MARK: Limits

    @Test func `a thousand subscriptions, one more is refused, and each that ends makes room`() {
        for number in 0..<999 { bench.subscribe(.numbered(number)) }
        bench.subscribe(user: "u")
        bench.subscribe(.numbered(5))
        bench.subscribe(.numbered(1000))
        bench.subscribe(user: "v")
        #expect(bench.outlet.take() == ["error TOO_MANY 1000", "error TOO_MANY v"])
        bench.unsubscribe(.numbered(998))
        bench.subscribe(.numbered(1000))
        bench.subscribe(.numbered(1001))
        bench.orders.tell(.numbered(0), 1...7, isOver: true)
        bench.subscribe(.numbered(1001))
        bench.subscribe(.numbered(1002))
        #expect(bench.outlet.take().filter { $0.hasPrefix("error") } == ["error TOO_MANY 1001", "error TOO_MANY 1002"])
        #expect(bench.outlet.isOpen)
    }

    @Test func `orders are asked for some at a time, and the rest as these are known, or are not known soon`() async throws {
        for number in 0..<1000 { bench.subscribe(.numbered(number)) }
        #expect(bench.orders.watchers.count == 64)
        try await eventually { bench.orders.watchers.count > 64 }
        #expect(bench.orders.watchers.count % 64 == 0)
        bench.unsubscribe(.numbered(999))
        for number in 0..<1000 where bench.orders.watchers[.numbered(number)] != nil { bench.orders.tell(.numbered(number), 1...1) }
        #expect(bench.orders.watchers.count == 999 && bench.orders.watchers[.numbered(999)] == nil)
        #expect(bench.outlet.isOpen)
    }

    @Test func `a thousand orders that other sockets watch and that are over are replayed in order, without a call in a call`() async throws {
        let ids = (0..<1000).map { OrderID.numbered($0) }
        bench.orders.over = Set(ids)
        bench.session.receive(#"{"op":"ping","id":"first"}"#)
        for id in ids { bench.subscribe(id) }
        try await eventually { bench.outlet.texts.count == 9001 }
        let expected = ids.flatMap { id in
            ["subscribed \(id.description.suffix(4)) 7"] + (1...7).map { "\(id.description.suffix(4))/\($0)" } + [
                "done \(id.description.suffix(4)) 7"
            ]
        }
        #expect(bench.outlet.take() == ["pong first"] + expected)
        #expect(bench.sent.value == 9001)
    }

    @Test func `orders that waited for their turn and are known at once are told one after the other, not one within the other`() async throws {
        for number in 0..<64 { bench.subscribe(.numbered(number)) }
        let ids = (100..<110).map { OrderID.numbered($0) }
        bench.orders.over = Set(ids)
        for id in ids { bench.subscribe(id) }
        #expect(bench.outlet.take() == [])
        bench.orders.end(.numbered(0)) { $0.orderIsUnknown() }
        try await eventually { bench.outlet.texts.count == 91 }
        let expected = ids.flatMap { id in
            ["subscribed \(id.description.suffix(4)) 7"] + (1...7).map { "\(id.description.suffix(4))/\($0)" } + [
                "done \(id.description.suffix(4)) 7"
            ]
        }
        #expect(bench.outlet.take() == ["error UNKNOWN_ORDER 0000"] + expected)
    }

    @Test func `no order is asked for while much waits for the client, and the next when it has taken that`() async throws {
        bench.outlet.takes = false
        for _ in 0..<1100 { bench.session.receive(#"{"op":"ping"}"#) }
        bench.subscribe(a)
        #expect(bench.orders.watchers.isEmpty)
        bench.outlet.takes = true
        try await eventually { bench.orders.watchers[a] != nil }
    }

    @Test func `pings are answered whatever else is wrong`() {
        bench.session.receive("nonsense")
        bench.session.receive(#"{"op":"ping","id":7}"#)
        #expect(bench.outlet.take() == ["error BAD_REQUEST", "pong 7"])
    }

    // MARK: The end

    @Test func `a client that takes nothing is sent no more than the socket holds, and is closed with 4408 when too much waits`() async throws {
        bench.outlet.takes = false
        bench.subscribe(a)
        bench.orders.tell(a, 1...1)
        for _ in 0..<NativeOutbox.maxMessages { bench.session.receive(#"{"op":"ping"}"#) }
        #expect(bench.outlet.texts.count <= 32 && bench.outlet.isOpen)
        for _ in 0..<100 { bench.session.receive(#"{"op":"ping"}"#) }
        #expect(bench.outlet.closed?.code == 4408)
    }

    @Test func `large events count by their bytes`() {
        bench.outlet.takes = false
        let text = String(repeating: "x", count: 1 << 20)
        for _ in 0..<9 { bench.session.send(text) }
        #expect(bench.outlet.isOpen)
        for _ in 0..<2 { bench.session.send(text) }
        #expect(bench.outlet.closed?.code == 4408 && bench.outlet.maxBuffered <= 2 << 20)
    }

    @Test func `what waited comes in order when the client reads again`() async throws {
        bench.outlet.takes = false
        for number in 0..<500 { bench.session.receive(#"{"op":"ping","id":\#(number)}"#) }
        #expect(bench.outlet.texts.count == 32)
        bench.outlet.takes = true
        // The pong has to queue up although there is room.
        bench.session.receive(#"{"op":"ping","id":500}"#)
        try await eventually { bench.outlet.texts.count == 501 }
        #expect(bench.outlet.take() == (0...500).map { "pong \($0)" })
    }

    @Test func `a closed session leaves no watcher behind and asks for nothing more`() async throws {
        for number in 0..<300 { bench.subscribe(.numbered(number)) }
        bench.subscribe(user: "u")
        bench.orders.end(.numbered(0)) { $0.feedFailed() }
        bench.session.close()
        #expect(bench.orders.watchers.isEmpty && bench.users.watchers.isEmpty)
        try await sleep(for: .milliseconds(500))
        #expect(bench.orders.watchers.isEmpty)
    }

    @Test func `a user of whom nothing can be learned closes the socket with 1013`() {
        bench.subscribe(user: "u")
        bench.users.watchers["u"]?.userFeedFailed()
        #expect(bench.outlet.closed?.code == .tryAgainLater)
    }
}
