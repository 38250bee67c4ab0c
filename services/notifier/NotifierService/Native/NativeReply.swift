internal import JSON
internal import Orders

/// The frames of the server on `/v1/stream`, as texts.
enum NativeReply {
    /// An event. The first event of an order on a socket also carries the order as it was placed.
    static func event(_ event: OrderEvent, of order: Order? = nil) -> String {
        JSONWriter.object {
            $0.field("op", "event")
            $0.raw("event", event.text)
            $0.field("order", ifPresent: order.map { OrderSummary($0) })
        }
    }

    static func subscribed(_ id: OrderID, seq: Int) -> String { frame("subscribed", .order(id), "seq", seq) }

    static func subscribed(_ user: UserID, orders: Int) -> String { frame("subscribed", .user(user), "orders", orders) }

    static func done(_ id: OrderID, seq: Int) -> String { frame("done", .order(id), "seq", seq) }

    static let authenticated = JSONWriter.object { $0.field("op", "authenticated") }

    static func pong(id: String?) -> String {
        JSONWriter.object {
            $0.field("op", "pong")
            if let id { $0.raw("id", id) }
        }
    }

    private static func frame(_ op: String, _ subject: NativeSubject, _ name: String, _ number: Int) -> String {
        JSONWriter.object {
            $0.field("op", op)
            subject.write(to: &$0)
            $0.field(name, number)
        }
    }
}

/// Why a request of the client cannot be carried out. The socket stays open.
struct NativeError: Error, Equatable {
    enum Code: String {
        case unknownOrder = "UNKNOWN_ORDER"
        case badRequest = "BAD_REQUEST"
        case tooMany = "TOO_MANY"
        case seqAhead = "SEQ_AHEAD"
        case unauthenticated = "UNAUTHENTICATED"
        case forbidden = "FORBIDDEN"
    }

    let code: Code
    /// One sentence that says what to do.
    let message: String
    let subject: NativeSubject?
    var seq: Int?

    static func badRequest(_ message: String, _ subject: NativeSubject? = nil) -> NativeError {
        NativeError(code: .badRequest, message: message, subject: subject)
    }

    static func tooMany(_ message: String, _ subject: NativeSubject) -> NativeError {
        NativeError(code: .tooMany, message: message, subject: subject)
    }

    /// The socket is closed after it.
    static func tooManyMessages(_ limit: Int) -> NativeError {
        NativeError(code: .tooMany, message: "At most \(limit) messages in a second are carried out: connect again, and send fewer.", subject: nil)
    }

    static func unknownOrder(_ id: OrderID) -> NativeError {
        NativeError(code: .unknownOrder, message: "There is no order with this id.", subject: .order(id))
    }

    static let unauthenticated = NativeError(
        code: .unauthenticated, message: #"Send a valid API key first: {"op":"auth","key":"…"}, or as a header of the handshake."#, subject: nil)

    static func forbidden(_ message: String, _ subject: NativeSubject? = nil) -> NativeError {
        NativeError(code: .forbidden, message: message, subject: subject)
    }

    /// `seq` is the newest seq of the order. All its events follow.
    static func seqAhead(_ id: OrderID, seq: Int) -> NativeError {
        NativeError(
            code: .seqAhead, message: "The order has no more than \(seq) events: forget what was seen of it, all of them follow.",
            subject: .order(id), seq: seq)
    }

    /// The text of the frame.
    var frame: String {
        JSONWriter.object {
            $0.field("op", "error")
            $0.field("code", code.rawValue)
            $0.field("message", message)
            subject?.write(to: &$0)
            $0.field("seq", ifPresent: seq)
        }
    }
}
