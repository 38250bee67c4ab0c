import EventLoop
import JSON
import TestSupport

/// Everything that a socket has sent until it was closed.
struct Conversation: Equatable {
    var messages: [String] = []
    /// The code of the close frame. 1006 if there was none.
    var closeCode: UInt16 = 1006

    /// The messages of a native socket without the `order` that the first frame of each order has beside its event.
    var withoutOrders: Conversation { Conversation(messages: messages.map(Self.withoutOrder), closeCode: closeCode) }

    /// A frame without its `order`.
    static func withoutOrder(_ frame: String) -> String {
        frame.ranges(of: #","order":{"orderId":"#).last.map { frame[..<$0.lowerBound] + "}" } ?? frame
    }

    /// The messages as JSON.
    var json: [JSONValue] { messages.map { (try? JSONValue.parse($0)) ?? .null } }
}

extension WebSocketClient {
    /// Reads on until the server closes.
    func conversation(within limit: Duration = .seconds(40)) async throws -> Conversation {
        let start = MonotonicInstant.now
        var conversation = Conversation()
        while true {
            switch try await next(within: limit - start.elapsed) {
            case .text(let text): conversation.messages.append(text)
            case .ping, .pong: continue
            case .ended: return conversation
            case .close(let code, _):
                conversation.closeCode = code
                return conversation
            }
        }
    }
}
