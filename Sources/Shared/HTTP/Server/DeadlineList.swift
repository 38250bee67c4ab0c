internal import EventLoop

/// Connections that share one deadline, each counted from the moment that it entered the list. The first one is due first, so a search for due
/// connections costs nothing while none is due. Of some stages each connection is due several times, to be looked at before its deadline. A
/// connection is in at most one list.
@ServiceActor
final class DeadlineList {
    let stage: ServerConnection.Stage
    /// How many ticks of the server's sweep a connection may stay.
    private let limit: Int
    /// How many ticks it is left alone: until its deadline, or until it is looked at before that.
    private let interval: Int
    private unowned(unsafe) var first: ServerConnection?
    private unowned(unsafe) var last: ServerConnection?
    private(set) var count = 0

    init(_ stage: ServerConnection.Stage, limit: Int, lookingAfter interval: Int? = nil) {
        self.stage = stage
        self.limit = limit
        self.interval = min(limit, interval ?? limit)
    }

    /// Whether the connection's time in the stage is over.
    func isExceeded(by connection: ServerConnection, at tick: Int) -> Bool { tick - connection.since >= limit }

    func append(_ connection: ServerConnection, at tick: Int) {
        connection.due = tick + interval
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

    /// The first connection that is due; nil if none is.
    func due(at tick: Int) -> ServerConnection? {
        guard let first, first.due <= tick else { return nil }
        return first
    }

    /// The connection that has been in the list longest.
    var oldest: ServerConnection? { first }
}
