internal import EventLoop
internal import JSON
internal import Orders

/// Shows the events of an order as they come: one line each, and on a terminal a progress bar with the elapsed time below them.
@ServiceActor
final class OrderWatch {
    private static let barWidth = 24
    private static let tick = Duration.milliseconds(200)

    private let session: Session
    private let start = MonotonicInstant.now
    private var last: JSONValue?
    private var legs = LegProgress()
    private var isLost = false

    init(_ session: Session) { self.session = session }

    /// Follows the order to its end.
    func follow(_ id: String) async throws(Failure) -> ExitCode {
        let ticking = session.console.isTerminal && !session.wantsJSON ? Loop.spawn { await self.keepDrawing() } : nil
        defer { ticking?.cancel() }
        do throws(Failure) {
            try await session.engine.follow(id, lost: { lose() }, { [self] in show($0) })
        } catch {
            clear()
            throw error
        }
        clear()
        guard let last else { throw Failure(.refused, "The order has no events") }
        if !session.wantsJSON { conclude(last) }
        return last.orderStatus == .confirmed ? .ok : .unfilled
    }

    private func show(_ event: JSONValue) {
        if session.wantsJSON {
            session.console.print(event.serialized)
        } else {
            clear()
            session.console.print(EventLine.text(event, on: session.console))
            for line in legs.lines(event) { session.console.print(session.console.paint("              " + line, .faint)) }
        }
        (last, isLost) = (event, false)
        draw()
    }

    /// Reports a lost engine once, however many tries it takes to find it again.
    private func lose() {
        guard !isLost else { return }
        isLost = true
        clear()
        session.complain(Failure(.unreachable, "the engine is away; looking for it again"))
    }

    private func conclude(_ event: JSONValue) {
        let console = session.console
        func text(_ name: String) -> String { Terminal.safe(event[name]?.string ?? event[name]?.number ?? "?") }
        guard event.orderStatus == .confirmed else {
            let verb = [.failed, .expired].contains(event.orderStatus) ? text("status") : "was \(text("status"))"
            return console.print(console.paint("The order \(verb): \(text("message"))", .red))
        }
        let count = event["legs"]?.array?.count ?? 1
        console.print(
            console.paint("Received \(text("amountOutDecimal")) at \(text("executedPrice")) on \(text("chosenDex"))", .green)
                + ", slippage \(text("realisedSlippageBps")) bps, " + (count > 1 ? "\(count) transactions" : "transaction \(text("txHash"))"))
    }

    // MARK: The bar

    private func keepDrawing() async {
        while !Task.isCancelled {
            draw()
            try? await sleep(for: Self.tick)
        }
    }

    private func draw() {
        guard !session.wantsJSON, session.console.isTerminal else { return }
        let percent = last?["progress"]?.integer ?? 0
        let status = isLost ? "looking for the engine" : Terminal.safe(last?["status"]?.string ?? "waiting")
        let elapsed = TimeText.duration(milliseconds: start.elapsed.nanosecondsClamped / 1_000_000)
        session.console.rewrite("\(Bar.text(percent, of: 100, width: Self.barWidth)) \(percent) %  \(status)  \(elapsed)")
    }

    private func clear() { if !session.wantsJSON { session.console.rewrite("") } }
}

/// An event on one line.
@ServiceActor
enum EventLine {
    static func text(_ event: JSONValue, on console: Console) -> String {
        let type = event["type"]?.string ?? "?"
        let percent = "\(event["progress"]?.integer ?? 0) %"
        let padding = String(repeating: " ", count: max(0, 5 - percent.count))
        let name = Terminal.safe(type) + String(repeating: " ", count: max(0, 16 - type.count))
        let message = Terminal.cut(event["message"]?.string ?? "", to: 160)
        return
            "\(TimeText.clock(event["timestamp"]?.string ?? ""))  \(padding)\(percent)  \(console.paint(name, colour(event.eventType)))  \(message)"
    }

    private static func colour(_ type: EventType?) -> Terminal.Colour {
        switch type {
        case .confirmed: .green
        case .failed, .executionFailed: .red
        case .cancelled, .expired, .retryPending: .yellow
        case .open, .amended, .triggered, .pending, .routing, .building, .submitted, nil: .faint
        }
    }
}
