internal import EventLoop
internal import HTTP
internal import JSON

extension Engine {
    /// How long the tool listens on one connection. By then a dead connection is noticed. A new one goes on after the last event seen.
    private static let listening = Duration.seconds(30)

    /// Listens to one stream of server-sent events. Returns why there is no stream for now; nil if there was one and it has ended. Throws a failure
    /// that another try would not change.
    func listenToEventStream(_ order: FollowedOrder) async throws(Failure) -> Failure? {
        var parser = EventStreamParser()
        let before = order.seq
        let headers = [("Accept", "text/event-stream"), ("Last-Event-ID", String(order.seq))] + (try authorization())
        do {
            let answer = try await client.stream(
                "\(url)/api/orders/\(Self.escaped(order.id))/events", headers: headers, timeout: Self.listening
            ) { bytes in
                for event in parser.feed(bytes).compactMap({ try? JSONValue.parse($0) }) { order.take(event) }
            }
            switch answer.status {
            case 200:
                guard answer.header("content-type")?.lowercased().hasPrefix("text/event-stream") == true else { throw noEdge }
                // While the order cannot be read, or no notifier is there, a stream ends at once without an event.
                return order.seq == before ? Failure(.unreachable, "\(url) cannot show the order at the moment") : nil
            case 204:
                order.runOut()
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
