internal import EventLoop
internal import HTTP
internal import JSON

extension Engine {
    /// How long one connection is listened to. A dead one is noticed by then; a new one goes on after the last event seen.
    private static let listening = Duration.seconds(30)
    /// How long the engine may be away while an order is followed.
    private static let patience = Duration.seconds(60)

    /// What has come of an order so far, over however many connections.
    @ServiceActor
    private final class Progress {
        var seq: Int64
        var isOver = false

        init(after: Int64) { seq = after }
    }

    /// Hands over every event of an order from `after` on, each once and in order, until its final one.
    ///
    /// - Parameters:
    ///   - lost: called when the engine has gone away and is looked for again.
    ///   - receive: called with each event.
    func follow(
        _ id: String, after: Int64 = 0, lost: @ServiceActor () -> Void, _ receive: @escaping @ServiceActor (JSONValue) -> Void
    ) async throws(Failure) {
        let progress = Progress(after: after)
        var backoff = Backoff(first: .milliseconds(200), most: .seconds(3))
        var lastSign = MonotonicInstant.now
        while !progress.isOver {
            let before = progress.seq
            let failure = try await listen(id, progress, receive)
            if failure == nil || progress.seq > before { (backoff, lastSign) = (Backoff(first: .milliseconds(200), most: .seconds(3)), .now) }
            guard let failure, !progress.isOver else { continue }
            guard lastSign.elapsed < Self.patience else { throw failure }
            lost()
            try? await sleep(for: backoff.next())
        }
    }

    /// One connection. Returns why it cannot be had for now; nil when it was, and is over. Throws what another try does not change.
    private func listen(
        _ id: String, _ progress: Progress, _ receive: @escaping @ServiceActor (JSONValue) -> Void
    ) async throws(Failure) -> Failure? {
        var parser = EventStreamParser()
        do {
            let answer = try await client.stream(
                "\(url)/api/orders/\(Self.escaped(id))/events", headers: [("Accept", "text/event-stream"), ("Last-Event-ID", String(progress.seq))],
                timeout: Self.listening
            ) { bytes in
                for event in parser.feed(bytes).compactMap({ try? JSONValue.parse($0) }) {
                    guard let seq = event["seq"]?.integer, seq > progress.seq else { continue }
                    progress.seq = seq
                    progress.isOver = ["confirmed", "failed", "cancelled"].contains(event["status"]?.string)
                    receive(event)
                }
            }
            switch answer.status {
            case 200: return nil
            case 204:
                progress.isOver = true
                return nil
            default:
                let refusal = refusal(answer.status, try? JSONValue.parse(answer.body))
                if answer.status >= 500 { return refusal }
                throw refusal
            }
        } catch let error as HTTPClientError {
            return error == .timedOut ? nil : unreachable(error)
        } catch let error as Failure {
            throw error
        } catch {
            throw Failure(.unreachable, "\(url) cannot be listened to")
        }
    }
}
