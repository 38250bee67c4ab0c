import JSON

@testable import NotifierService
@testable import Orders

extension FuzzTarget {
    /// A text frame of a client of the native socket, or the order that a client of another dialect names.
    static let nativeFrame = FuzzTarget(name: "native-frame") { input in
        let text = input.text
        if let id = OrderID(parsing: text) {
            try hold(OrderID(parsing: id.description) == id && (0...255).contains(id.partition), "an order's id is read back")
        }
        if let seq = Seq(parsing: text) { try hold(Seq(parsing: seq.description) == seq && seq.next > 0, "a seq is read back") }
        do {
            let frame = try NativeFrame(parsing: text)
            try hold((try? NativeFrame(parsing: written(frame))) == frame, "a frame in the engine's words is the same frame")
        } catch let error as NativeError {
            try holdJSON(error.frame, "the answer to a wrong frame")
        }
    }

    private static func written(_ frame: NativeFrame) -> String {
        JSONWriter.object {
            switch frame {
            case .subscribeOrder(let id, let after):
                $0.field("op", "subscribe")
                $0.field("orderId", id)
                $0.field("after", after.value)
            case .subscribeUser(let user, let since):
                $0.field("op", "subscribe")
                $0.field("userId", user)
                $0.field("since", ifPresent: since.map { Timestamp.text(milliseconds: $0) })
            case .unsubscribeOrder(let id):
                $0.field("op", "unsubscribe")
                $0.field("orderId", id)
            case .unsubscribeUser(let user):
                $0.field("op", "unsubscribe")
                $0.field("userId", user)
            case .authenticate(let key):
                $0.field("op", "auth")
                $0.field("key", key)
            case .ping(let id):
                $0.field("op", "ping")
                if let id { $0.raw("id", id) }
            }
        }
    }
}
