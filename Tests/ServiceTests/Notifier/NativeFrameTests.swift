import JSON
import Orders
import TestOrders
import Testing

@testable import NotifierService

struct NativeFrameTests {
    static let id = "0198c1f2-0000-7000-8000-00000000000a"
    static let order = OrderID(parsing: id)!

    @Test(
        arguments: [
            (#"{"op":"subscribe","orderId":"\#(id)"}"#, NativeFrame.subscribeOrder(order, after: 0)),
            (#"{"op":"subscribe","orderId":"\#(id.uppercased())","after":12}"#, .subscribeOrder(order, after: 12)),
            (#"{"op":"subscribe","orderId":"\#(id)","after":9007199254740991}"#, .subscribeOrder(order, after: Seq(clamping: .max))),
            (#" {"after":0,"orderId":"\#(id)","op":"subscribe","later":[{}]} "#, .subscribeOrder(order, after: 0)),
            (#"{"op":"subscribe","userId":"u"}"#, .subscribeUser("u", since: nil)),
            (
                #"{"op":"subscribe","userId":"\#(String(repeating: "é", count: 255))"}"#,
                .subscribeUser(UserID(stored: String(repeating: "é", count: 255)), since: nil)
            ),
            (#"{"op":"subscribe","userId":"u","since":"2026-01-10T08:30:17.789+01:00"}"#, .subscribeUser("u", since: 1_768_030_217_789)),
            (#"{"op":"unsubscribe","orderId":"\#(id)","after":"x"}"#, .unsubscribeOrder(order)),
            (#"{"op":"unsubscribe","userId":"a:b"}"#, .unsubscribeUser("a:b")),
            (#"{"op":"ping"}"#, .ping(id: nil)), (#"{"op":"ping","id":null}"#, .ping(id: nil)),
            (#"{"op":"subscribe","userId":"u","orderId":null,"since":null,"after":null}"#, .subscribeUser("u", since: nil)),
            (#"{"op":"ping","id":1}"#, .ping(id: "1")),
            (#"{"op":"ping","id":1.50e3}"#, .ping(id: "1.50e3")),
            (#"{"op":"ping","id":"a\"b"}"#, .ping(id: #""a\"b""#)),
        ])
    func `what a client may ask for`(_ text: String, _ frame: NativeFrame) throws { #expect(try NativeFrame(parsing: text) == frame) }

    @Test(
        arguments: [
            ("", "", nil), ("{", "", nil), ("[]", "op", nil), ("1", "op", nil), (#"{"op":1}"#, "op", nil), (#"{"op":"Ping"}"#, "op", nil),
            ("{}", "op", nil),
            (#"{"op":"ping","op":"ping"}"#, "JSON", nil), (#"{"op":"ping","id":[1]}"#, "id", nil),
            (#"{"op":"ping","id":"\u0000"}"#, "JSON", nil), (String(repeating: "[", count: 9), "JSON", nil),
            (#"{"op":"subscribe"}"#, "userId", nil), (#"{"op":"subscribe","orderId":"\#(id)","userId":"u"}"#, "either", nil),
            (#"{"op":"subscribe","orderId":"42"}"#, "UUID", nil), (#"{"op":"subscribe","orderId":1}"#, "UUID", nil),
            (#"{"op":"subscribe","userId":""}"#, "userId", nil), (#"{"op":"subscribe","userId":7}"#, "userId", nil),
            (#"{"op":"subscribe","userId":"\#(String(repeating: "u", count: 256))"}"#, "255", nil),
            (#"{"op":"subscribe","orderId":"\#(id)","after":-1}"#, "after", NativeSubject.order(order)),
            (#"{"op":"subscribe","orderId":"\#(id)","after":1.0}"#, "after", .order(order)),
            (#"{"op":"subscribe","orderId":"\#(id)","after":"1"}"#, "after", .order(order)),
            (#"{"op":"subscribe","orderId":"\#(id)","after":9007199254740992}"#, "after", .order(order)),
            (#"{"op":"subscribe","orderId":"\#(id)","after":9223372036854775807}"#, "after", .order(order)),
            (#"{"op":"subscribe","orderId":"\#(id)","after":1e400}"#, "after", .order(order)),
            (#"{"op":"subscribe","orderId":"\#(id)","since":"2026-01-10T07:30:17Z"}"#, "since", .order(order)),
            (#"{"op":"subscribe","userId":"u","after":1}"#, "after", .user("u")),
            (#"{"op":"subscribe","userId":"u","since":"2026-01-10T07:30:17"}"#, "since", .user("u")),
            (#"{"op":"subscribe","userId":"u","since":1768030217789}"#, "since", .user("u")),
            (#"{"op":"unsubscribe"}"#, "userId", nil), (#"{"op":"unsubscribe","orderId":"x"}"#, "UUID", nil),
        ])
    func `what is wrong is told in a sentence, with what the frame was about`(_ text: String, _ part: String, _ subject: NativeSubject?) throws {
        let error = try #require(throws: NativeError.self) { try NativeFrame(parsing: text) }
        #expect(error.code == .badRequest && error.message.contains(part) && error.subject == subject, "\(error)")
        #expect(try JSONValue.parse(error.frame)["code"]?.string == "BAD_REQUEST")
    }

    @Test func `what the server says, key by key`() throws {
        let event = eventsOfSuccess(Self.order)[0]
        #expect(NativeReply.event(event) == #"{"op":"event","event":\#(event.json)}"#)
        let order = Order(
            id: Self.order, clientOrderId: "key-1", userId: "anna", tokenIn: Samples.sol, tokenOut: Samples.usdc,
            amountIn: BaseUnits(1_500_000_000), slippageBps: 50, slippage: "0.005", deadline: 1_768_030_300_000, createdAt: 1_768_030_217_789,
            maxAttempts: 3, fingerprint: "f")
        #expect(
            NativeReply.event(event, of: order) == #"{"op":"event","event":\#(event.json),"order":{"orderId":"\#(Self.id)","#
                + #""clientOrderId":"key-1","userId":"anna","orderType":"market","tokenIn":"SOL","tokenOut":"USDC","#
                + #""tokenInMint":"\#(Samples.sol.mint)","tokenOutMint":"\#(Samples.usdc.mint)","amountIn":"1500000000","amountInDecimal":"1.5","#
                + #""slippageBps":50,"deadline":"2026-01-10T07:31:40.000Z","createdAt":"2026-01-10T07:30:17.789Z"}}"#)
        #expect(NativeReply.subscribed(Self.order, seq: 4) == #"{"op":"subscribed","orderId":"\#(Self.id)","seq":4}"#)
        #expect(NativeReply.subscribed("a\"b", orders: 2) == #"{"op":"subscribed","userId":"a\"b","orders":2}"#)
        #expect(NativeReply.done(Self.order, seq: 7) == #"{"op":"done","orderId":"\#(Self.id)","seq":7}"#)
        #expect(NativeReply.pong(id: nil) == #"{"op":"pong"}"#)
        #expect(NativeReply.pong(id: "1.50") == #"{"op":"pong","id":1.50}"#)
        let ahead = try JSONValue.parse(NativeError.seqAhead(Self.order, seq: 7).frame)
        #expect(ahead.object?.map(\.name) == ["op", "code", "message", "orderId", "seq"] && ahead["seq"]?.integer == 7)
        let unknown = try JSONValue.parse(NativeError.unknownOrder(Self.order).frame)
        #expect(unknown.object?.map(\.name) == ["op", "code", "message", "orderId"] && unknown["code"]?.string == "UNKNOWN_ORDER")
    }
}
