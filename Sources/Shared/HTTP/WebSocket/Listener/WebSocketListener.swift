public import EventLoop

/// A client that listens to the text messages of a WebSocket of another server, and says nothing but pongs and its farewell.
///
/// Without encryption: a URL of `http`, not of `https`. No proxy is asked, and no extension is spoken.
@ServiceActor
public enum WebSocketListener {
    /// How a connection has ended that had an answer.
    public enum Ending: Sendable, Equatable {
        /// The server has answered the handshake with this status instead of granting it.
        case refused(status: Int)
        /// The socket was open and is closed: the code of the server's close frame, or of this side's; 1006 where the connection just ended.
        case closed(CloseCode)
    }

    /// Listens until the socket is closed, or `receive` returns false.
    ///
    /// - Parameters:
    ///   - url: of `http`.
    ///   - opened: called once the handshake is granted.
    ///   - receive: called with each message; returns whether to go on.
    /// - Throws: `timedOut` when a limit of `options` is over, `refused` where nobody accepts, `dns`, `truncated` when the connection ended in the
    ///   handshake, `cancelled`, and `other` where the answer is no HTTP or no right grant.
    public static func listen(
        _ url: String, options: WebSocketListenerOptions = WebSocketListenerOptions(), opened: @escaping @ServiceActor () -> Void = {},
        receive: @escaping @ServiceActor (String) -> Bool
    ) async throws(HTTPClientError) -> Ending {
        guard let address = WebSocketAddress(url) else { throw .other("no URL for a WebSocket") }
        let start = MonotonicInstant.now
        let hosts = try await resolve(address.host, within: options.openingLimit)
        var failure = HTTPClientError.dns
        for (index, host) in hosts.enumerated() {
            // One address that swallows everything shall leave time for the next.
            let share = (options.openingLimit - start.elapsed) / (hosts.count - index)
            let connection = ListenerConnection(address, options: options, opened: opened, receive: receive)
            do throws(HTTPClientError) {
                return try await connection.run(to: host, within: share)
            } catch {
                guard !connection.wasConnected, error != .cancelled else { throw error }
                failure = error
            }
        }
        throw failure
    }

    private static func resolve(_ host: String, within limit: Duration) async throws(HTTPClientError) -> [String] {
        do {
            return try await HostResolver.addresses(of: host, within: limit)
        } catch is DeadlineExceeded {
            throw .timedOut
        } catch is CancellationError {
            throw .cancelled
        } catch {
            throw .dns
        }
    }
}
