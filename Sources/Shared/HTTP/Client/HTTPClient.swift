internal import CCurl
public import EventLoop
internal import Glibc

/// Sends requests to other servers from the process' event loop (libcurl). Connections are kept and used again.
///
/// Certificates are verified, redirects are not followed, and every request has a limit of time and of size.
@ServiceActor
public final class HTTPClient {
    /// The maximum size of an answer, unless a request gives another limit: 1 MiB.
    public static let usualResponseBytes = 1024 * 1024

    let options: HTTPClientOptions
    let multi: UnsafeMutableRawPointer
    let timer = LoopTimer()
    /// By descriptor.
    var polls: [Int32: PollHandle] = [:]
    private var active: [UnsafeMutableRawPointer: Transfer] = [:]
    /// Handles of finished requests, to be used again.
    private var spare: [UnsafeMutableRawPointer] = []

    public init(options: HTTPClientOptions = HTTPClientOptions()) {
        signal(SIGPIPE, SIG_IGN)
        precondition(ccurl_start(), "libcurl does not start")
        self.options = options
        multi = curl_multi_init()!
        prepare()
    }

    isolated deinit {
        detach()
        for easy in spare { curl_easy_cleanup(easy) }
        curl_multi_cleanup(multi)
    }

    /// Requests that have no answer yet.
    public var requestsInHand: Int { active.count }

    /// Sends a `GET`. `timeout` is for the whole request, including the wait for a free connection.
    public func get(
        _ url: String, headers: [(String, String)] = [], timeout: Duration = .seconds(5), maxResponseBytes: Int = usualResponseBytes
    ) async throws(HTTPClientError) -> HTTPClientResponse {
        try await send("GET", url, headers: headers, timeout: timeout, maxResponseBytes: maxResponseBytes)
    }

    /// Sends a `POST`. The caller gives its `Content-Type` among the headers.
    public func post(
        _ url: String, headers: [(String, String)] = [], body: [UInt8], timeout: Duration = .seconds(5),
        maxResponseBytes: Int = usualResponseBytes
    ) async throws(HTTPClientError) -> HTTPClientResponse {
        try await send("POST", url, headers: headers, body: body, timeout: timeout, maxResponseBytes: maxResponseBytes)
    }

    /// Sends a request with any method. A `body` of nil sends none. If the task is cancelled, the request ends at once.
    public func send(
        _ method: String, _ url: String, headers: [(String, String)] = [], body: [UInt8]? = nil, timeout: Duration = .seconds(5),
        maxResponseBytes: Int = usualResponseBytes
    ) async throws(HTTPClientError) -> HTTPClientResponse {
        try await perform(method, url, headers: headers, body: body, timeout: timeout, maxResponseBytes, receive: nil)
    }

    /// Sends a `GET`. If the status is 200, the answer is handed over in pieces as it arrives; any other answer has its body as usual.
    ///
    /// Pieces end anywhere. Ends with `timedOut` if the answer takes longer than `timeout`, whatever has arrived until then.
    public func stream(
        _ url: String, headers: [(String, String)] = [], timeout: Duration, receive: @escaping @ServiceActor ([UInt8]) -> Void
    ) async throws(HTTPClientError) -> HTTPClientResponse {
        try await perform("GET", url, headers: headers, body: nil, timeout: timeout, Self.usualResponseBytes, receive: receive)
    }

    private func perform(
        _ method: String, _ url: String, headers: [(String, String)], body: [UInt8]?, timeout: Duration, _ limit: Int,
        receive: (@ServiceActor ([UInt8]) -> Void)?
    ) async throws(HTTPClientError) -> HTTPClientResponse {
        let easy = spare.popLast() ?? curl_easy_init()!
        let transfer = Transfer(easy, limit: limit, receive: receive)
        do {
            try transfer.prepare(method, url, headers: headers, body: body, timeout: timeout, options: options)
        } catch {
            transfer.release()
            recycle(easy)
            throw error
        }
        let result = await withTaskCancellationHandler {
            await withUnsafeContinuation { start(transfer, $0) }
        } onCancel: {
            Loop.perform { self.cancel(transfer) }
        }
        return try result.get()
    }

    // MARK: A request's life

    private func start(_ transfer: Transfer, _ continuation: Transfer.Continuation) {
        transfer.continuation = continuation
        active[transfer.easy] = transfer
        guard !Task.isCancelled else { return cancel(transfer) }
        let code = curl_multi_add_handle(multi, transfer.easy)
        if code != CURLM_OK { end(transfer, .failure(.other(String(cString: curl_multi_strerror(code))))) }
    }

    private func cancel(_ transfer: Transfer) {
        guard active[transfer.easy] === transfer else { return }
        end(transfer, .failure(.cancelled))
    }

    /// Every transfer ends here: at its end, its cancellation, or a failed start.
    private func end(_ transfer: Transfer, _ result: Result<HTTPClientResponse, HTTPClientError>) {
        active[transfer.easy] = nil
        curl_multi_remove_handle(multi, transfer.easy)
        transfer.release()
        recycle(transfer.easy)
        transfer.continuation?.resume(returning: result)
        transfer.continuation = nil
    }

    private func recycle(_ easy: UnsafeMutableRawPointer) {
        guard spare.count < options.connectionsPerHost else { return curl_easy_cleanup(easy) }
        curl_easy_reset(easy)
        spare.append(easy)
    }

    /// Ends the transfers that libcurl reports as done.
    func collect() {
        var code = CURLE_OK
        while let easy = ccurl_next_done(multi, &code) {
            guard let transfer = active[easy] else { continue }
            end(transfer, transfer.result(code))
        }
    }
}
