/// The events of an order as clients see them, made from the lines that are stored of them. Each event shows what earlier ones have said: the route,
/// the transaction, the progress.
///
/// A pure value. All who read an order read it by this fold, so that a socket, a request and an export show the same text.
public struct OrderFold: Sendable {
    public let order: Order
    /// The events so far, in order of seq. None if they are not kept.
    public private(set) var events: [OrderEvent] = []
    /// The seq of the newest event; 0 before the first.
    public private(set) var seq = 0
    /// The route that was chosen last. `routedAt` is the time of the event that brought it; legs that move on do not change that.
    public private(set) var route: StoredRoute?
    /// How often a quote was too old.
    public private(set) var staleQuotes = 0
    /// The status with the newest event; pending before the first.
    public var status: OrderStatus { clock.status ?? .pending }
    /// When the order was set going last, in ms: by its acceptance, or by the mark that reached its price. Nil before that.
    public private(set) var begunAt: UInt64?
    /// How often the order has begun to wait again.
    public private(set) var rests = 0
    /// The mark at which its price was reached last.
    public private(set) var mark: PriceLevel?

    /// The quotes of the last round, best first.
    private var quotes: [Quote]?
    /// The transaction of this attempt, from `submitted` on.
    private var txHash: String?
    /// The progress that an event without one repeats.
    private var progress = 0
    /// The part that has landed, for the case that the order fails.
    private var filled: PartialFill?
    private var clock = StageClock()
    private let keepsEvents: Bool

    /// The fold of an order without events.
    ///
    /// - Parameter keepsEvents: whether `events` is wanted. To make an event takes longer than to read its line, and a worker wants only the route.
    public init(_ order: Order, keepsEvents: Bool = true) {
        self.order = order
        self.keepsEvents = keepsEvents
    }

    /// The fold of whole events, in order of seq. Some may be missing.
    public init(_ order: Order, events: some Sequence<OrderEvent>) {
        self.init(order)
        for event in events { append(event) }
    }

    /// Adds the next line. Throws `RecordError` for a line that cannot be read or whose seq is not the next one; then nothing changes.
    @discardableResult
    public mutating func add(_ line: Substring) throws(RecordError) -> OrderEvent { try add(EventLine(line)) }

    /// Adds lines, separated by `\n`. Throws as for one line; then none of them is added.
    public mutating func add(lines: Substring) throws(RecordError) {
        var read: [EventLine] = []
        var lines = lines
        // Splitting the text rather than its bytes takes as long as reading the lines.
        for range in lines.withUTF8({ $0.split(separator: UInt8(ascii: "\n")).map(\.indices) }) {
            let start = lines.utf8.index(lines.startIndex, offsetBy: range.lowerBound)
            let line = try EventLine(lines[start..<lines.utf8.index(start, offsetBy: range.count)])
            try check(line, after: read.last?.seq ?? seq)
            read.append(line)
        }
        for line in read { if keepsEvents { append(line) } else { skip(line) } }
    }

    /// Adds the next line, which was read before. Throws `RecordError` if it is not the next one of this order; then nothing changes.
    ///
    /// A whole event of an earlier version goes through as it is. Its seq may be any later one, because old events may have been deleted.
    @discardableResult
    public mutating func add(_ line: EventLine) throws(RecordError) -> OrderEvent {
        try check(line, after: seq)
        return append(line)
    }

    /// Keeps the texts of the events from a seq on, for an order that is told to many.
    public mutating func keepTexts(from seq: Int = 1) {
        for index in events.indices where events[index].seq >= seq { events[index].keepText() }
    }

    private func check(_ line: EventLine, after seq: Int) throws(RecordError) {
        guard line.orderID ?? order.id == order.id else { throw .missing("orderId", of: "event") }
        guard line.isWhole ? line.seq > seq : line.seq == seq + 1 else { throw .missing("seq", of: "event") }
    }

    @discardableResult
    private mutating func append(_ line: EventLine) -> OrderEvent {
        switch line.content {
        case .compact(let line): append(line)
        case .whole(let event): append(event)
        }
    }

    /// Takes what a line says, and makes no event of it.
    private mutating func skip(_ line: EventLine) {
        switch line.content {
        case .compact(let line):
            take(line)
            leave(seq: line.seq, type: line.type, error: line.details.error)
        case .whole(let event): append(event)
        }
    }

    private mutating func append(_ line: CompactLine) -> OrderEvent {
        take(line)
        let event = event(line)
        remember(event)
        return event
    }

    /// Takes what the event of a line shows.
    private mutating func take(_ line: CompactLine) {
        if let chosen = line.route { follow(chosen, at: line.at, isNew: line.type == .routing) }
        quotes = line.details.quotes ?? quotes
        txHash = line.details.txHash ?? txHash
        filled = line.details.filled ?? filled
        mark = line.details.markPrice ?? mark
        if line.type == .triggered || line.type == .pending && line.seq == 1 { begunAt = line.at }
        if let progress = line.progress, progress > 0 { self.progress = progress }
        clock.move(to: line.status, at: line.at)
    }

    private func event(_ line: CompactLine) -> OrderEvent {
        var details = line.details
        details.attempt = line.attempt
        details.maxAttempts = order.maxAttempts
        details.clientOrderId = order.clientOrderId
        details.traceparent = order.traceparent
        details.show(route?.chosen)
        if line.showsQuotes { details.quotes = quotes }
        details.txHash = line.type == .routing || line.type == .building ? nil : txHash
        details.filled = line.type.leavesFill ? filled : nil
        if line.status.isFinal { details.stageMs = clock.times }
        var event = OrderEvent(
            orderId: order.id, seq: line.seq, type: line.type, status: line.status, progress: line.progress ?? progress,
            timestamp: Timestamp.text(milliseconds: line.at), message: line.message, details: details)
        event.unknown = line.unknown
        return event
    }

    @discardableResult
    private mutating func append(_ event: OrderEvent) -> OrderEvent {
        let at = Timestamp.parse(event.timestamp).flatMap { UInt64(exactly: $0) }
        if let at { clock.move(to: event.status, at: at) }
        if let quote = event.quote, let chosen = try? ChosenRoute(stored: quote, legs: event.legs) {
            follow(chosen, at: at ?? 0, isNew: event.type == .routing && event.quotes != nil)
        }
        quotes = event.quotes ?? quotes
        txHash = event.txHash ?? txHash
        if event.progress > 0 { progress = event.progress }
        remember(event)
        return event
    }

    private mutating func follow(_ chosen: ChosenRoute, at milliseconds: UInt64, isNew: Bool) {
        let routedAt = isNew ? milliseconds : route?.routedAt ?? milliseconds
        route = StoredRoute(chosen, routedAt: routedAt)
    }

    private mutating func remember(_ event: OrderEvent) {
        leave(seq: event.seq, type: event.type, error: event.error)
        if keepsEvents { events.append(event) }
    }

    /// Notes what holds from after an event on.
    private mutating func leave(seq: Int, type: EventType, error: OrderFailure?) {
        self.seq = seq
        if type == .retryPending { txHash = nil }
        if type == .executionFailed, error?.code == .quoteStale { staleQuotes += 1 }
        if type == .open, seq > 1 { (rests, txHash) = (rests + 1, nil) }
    }
}

extension OrderView {
    /// The order as its events show it.
    public init(_ fold: OrderFold) { self.init(order: fold.order, events: fold.events) }
}

extension EventDetails {
    /// Shows a route, as each event does from `routing` (30) on.
    fileprivate mutating func show(_ route: ChosenRoute?) {
        chosenDex = route?.quote.dex
        quote = route?.quote
        legs = route.flatMap { $0.isSplit ? $0.legs : nil }
    }
}
