internal import EventLoop
internal import JSON

/// A dead letter, as the engine shows it.
struct ListedDeadLetter: Sendable {
    let id: String
    let reason: String
    /// The whole letter, as the engine sent it.
    let value: JSONValue

    init?(_ value: JSONValue) {
        guard let id = value["id"]?.string, let reason = value["reason"]?.string else { return nil }
        self.id = id
        self.reason = reason
        self.value = value
    }
}

extension Engine {
    /// The maximum number of letters that the engine gives in one page.
    private static let pageLimit = 1000

    /// Reads dead letters, oldest first, page by page.
    ///
    /// - Parameters:
    ///   - reason: only letters with this reason; nil for all.
    ///   - limit: the maximum number of letters.
    ///   - receive: called with each page's letters.
    /// - Returns: whether there are more.
    func deadLetters(
        reason: String?, limit: Int = .max, _ receive: @ServiceActor ([ListedDeadLetter]) -> Void
    ) async throws(Failure) -> Bool {
        var left = limit
        var cursor: String?
        repeat {
            var query = [(name: "limit", value: String(reason == nil ? min(left, Self.pageLimit) : Self.pageLimit))]
            if let cursor { query.append(("cursor", cursor)) }
            let page = try await get("/api/dead-letters", query: query)
            guard let list = page["deadLetters"]?.array else { throw Failure(.refused, "\(url) answered without dead letters; is that the engine?") }
            let fitting = list.compactMap { ListedDeadLetter($0) }.filter { reason == nil || $0.reason == reason }
            receive(Array(fitting.prefix(left)))
            if fitting.count > left { return true }
            left -= fitting.count
            cursor = page["nextCursor"]?.string
        } while cursor != nil && left > 0
        return cursor != nil
    }
}
