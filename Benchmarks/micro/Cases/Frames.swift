internal import Dialects
internal import Orders

extension Case {
    /// The messages about a whole life to one client of each dialect, without the socket.
    static let frames = [eventTexts] + Dialects.all.map { messages($0) }

    /// The canonical texts, which the native protocol sends to all watchers of an order.
    private static let eventTexts = pure("frames-native") {
        let fold = try Sample().fold()
        return { _ in
            var fold = fold
            fold.keepTexts()
            return fold.events.reduce(0) { $0 + $1.text.utf8.count }
        }
    }

    private static func messages(_ dialect: any Dialect.Type) -> Case {
        pure("frames-" + dialect.label) {
            let fold = try Sample().fold()
            return { _ in
                var conversation: any Dialect = dialect.init()
                conversation.introduce(fold.order)
                return fold.events.reduce(0) { sum, event in conversation.messages(for: event).reduce(sum) { $0 + $1.utf8.count } }
            }
        }
    }
}
