internal import CCurl
internal import EventLoop
internal import Glibc

/// One request of a client and the part of its answer that has arrived. The client keeps it alive while libcurl knows it.
@ServiceActor
final class Transfer {
    typealias Continuation = UnsafeContinuation<Result<HTTPClientResponse, HTTPClientError>, Never>

    let easy: UnsafeMutableRawPointer
    var continuation: Continuation?
    private let limit: Int
    private let receive: (@ServiceActor ([UInt8]) -> Void)?
    private var body: [UInt8] = []
    private var headers = HTTPHeaders()
    private var headerBytes = 0
    private var isTooLarge = false
    private var fields: UnsafeMutablePointer<curl_slist>?

    init(_ easy: UnsafeMutableRawPointer, limit: Int, receive: (@ServiceActor ([UInt8]) -> Void)?) {
        self.easy = easy
        self.limit = limit
        self.receive = receive
    }

    func prepare(
        _ method: String, _ url: String, headers: [(String, String)], body: [UInt8]?, timeout: Duration, options: HTTPClientOptions
    ) throws(HTTPClientError) {
        for (name, value) in headers + [("Expect", "")] {
            let line = "\(name):\(value.isEmpty ? "" : " ")\(value)"
            guard line.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }) else { throw .other("a header holds a control character") }
            fields = curl_slist_append(fields, line)
        }
        ccurl_set_text(easy, CURLOPT_URL, url)
        ccurl_set_text(easy, CURLOPT_PROTOCOLS_STR, "http,https")
        ccurl_set_text(easy, CURLOPT_USERAGENT, options.userAgent)
        ccurl_set_pointer(easy, CURLOPT_HTTPHEADER, fields)
        ccurl_set_long(easy, CURLOPT_NOSIGNAL, 1)
        ccurl_set_long(easy, CURLOPT_TIMEOUT_MS, max(1, Int(timeout.millisecondsRoundedUp)))
        ccurl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, max(1, Int(options.connectTimeout.millisecondsRoundedUp)))
        ccurl_set_offset(easy, CURLOPT_MAXFILESIZE_LARGE, Int(limit))
        if let certificates = options.certificates { ccurl_set_text(easy, CURLOPT_CAINFO, certificates) }
        if !options.usesEnvironmentProxy { ccurl_set_text(easy, CURLOPT_PROXY, "") }
        setMethod(method, body)
        let context = Unmanaged.passUnretained(self).toOpaque()
        ccurl_set_write(easy, CURLOPT_WRITEFUNCTION, onBody)
        ccurl_set_pointer(easy, CURLOPT_WRITEDATA, context)
        ccurl_set_write(easy, CURLOPT_HEADERFUNCTION, onHeader)
        ccurl_set_pointer(easy, CURLOPT_HEADERDATA, context)
    }

    private func setMethod(_ method: String, _ body: [UInt8]?) {
        if let body {
            ccurl_set_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, body.count)
            // The size must be set first. An empty array may have no address, which libcurl would take for "ask for the body".
            (body + [0]).withUnsafeBytes { _ = ccurl_set_pointer(easy, CURLOPT_COPYPOSTFIELDS, UnsafeMutableRawPointer(mutating: $0.baseAddress)) }
        } else if method == "HEAD" {
            ccurl_set_long(easy, CURLOPT_NOBODY, 1)
        }
        ccurl_set_text(easy, CURLOPT_CUSTOMREQUEST, method)
    }

    /// Frees the memory that libcurl only borrowed.
    func release() {
        curl_slist_free_all(fields)
        fields = nil
    }

    func result(_ code: CURLcode) -> Result<HTTPClientResponse, HTTPClientError> {
        if isTooLarge { return .failure(.tooLarge) }
        guard code == CURLE_OK else { return .failure(HTTPClientError(code)) }
        return .success(
            HTTPClientResponse(
                status: ccurl_status(easy), headers: headers, body: body, usedKeptConnection: ccurl_connects(easy) == 0))
    }

    /// Returns how many bytes were taken. If not all were taken, libcurl gives up.
    fileprivate func take(_ bytes: UnsafeRawBufferPointer) -> Int {
        if let receive, ccurl_status(easy) == 200 {
            receive(Array(bytes))
            return bytes.count
        }
        isTooLarge = isTooLarge || body.count + bytes.count > limit
        guard !isTooLarge else { return 0 }
        body.append(contentsOf: bytes)
        return bytes.count
    }

    /// Takes a line of the answer's head. A status line begins a new head, as after `100 Continue`.
    fileprivate func take(header line: UnsafeRawBufferPointer) -> Int {
        headerBytes += line.count
        isTooLarge = isTooLarge || headerBytes > 64 * 1024
        guard !isTooLarge else { return 0 }
        if line.starts(with: "HTTP/".utf8) { headers = HTTPHeaders() }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return line.count }
        let isSpace = { (byte: UInt8) in byte <= 0x20 }
        let value = line[(colon + 1)...].drop(while: isSpace)
        let end = value.lastIndex { !isSpace($0) }.map { $0 + 1 } ?? value.startIndex
        headers.append(name: Array(line[..<colon]), value: Array(value[..<end]))
        return line.count
    }
}

private func onBody(_ data: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?) -> Int {
    guard let context else { return 0 }
    return ServiceActor.assume((context, data, size * count)) { context, data, length in
        Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().take(UnsafeRawBufferPointer(start: data, count: length))
    }
}

private func onHeader(_ data: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?) -> Int {
    guard let context else { return 0 }
    return ServiceActor.assume((context, data, size * count)) { context, data, length in
        Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().take(header: UnsafeRawBufferPointer(start: data, count: length))
    }
}
