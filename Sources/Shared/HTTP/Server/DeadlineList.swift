internal import EventLoop

/// Connections that share one deadline, counted from the moment each entered: the first is due first, so looking for those that are due costs nothing
/// while none is. A connection is in one list at most.
@ServiceActor
final class DeadlineList {
    /// What the connections in it are doing.
    let stage: ServerConnection.Stage
    /// Ticks of the server's sweep that a connection may stay.
    private let limit: Int
    private unowned(unsafe) var first: ServerConnection?
    private unowned(unsafe) var last: ServerConnection?
    private(set) var count = 0

    init(_ stage: ServerConnection.Stage, limit: Int) {
        self.stage = stage
        self.limit = limit
    }

    func append(_ connection: ServerConnection, at tick: Int) {
        connection.due = tick + limit
        connection.previous = last
        connection.next = nil
        if let last { last.next = connection } else { first = connection }
        last = connection
        count += 1
    }

    func remove(_ connection: ServerConnection) {
        if let previous = connection.previous { previous.next = connection.next } else { first = connection.next }
        if let next = connection.next { next.previous = connection.previous } else { last = connection.previous }
        connection.previous = nil
        connection.next = nil
        count -= 1
    }

    /// The connection that is due, if one is.
    func due(at tick: Int) -> ServerConnection? {
        guard let first, first.due <= tick else { return nil }
        return first
    }

    /// The connection that has been in the list longest.
    var oldest: ServerConnection? { first }
}
