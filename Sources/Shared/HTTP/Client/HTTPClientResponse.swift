internal import CCurl

/// An answer of another server, with any status: an answer with status 500 is an answer too.
public struct HTTPClientResponse: Sendable {
    public let status: Int
    public let headers: HTTPHeaders
    /// The whole body.
    public let body: [UInt8]
    /// Whether the request went over a connection that an earlier one had opened.
    public let usedKeptConnection: Bool

    /// The value of the first header field of that name, in any case.
    public func header(_ name: String) -> String? { headers[name] }

    /// The Unix time in seconds of a date in a header, such as `Sun, 06 Nov 1994 08:49:37 GMT`; nil if the text is no date.
    public static func date(_ text: String) -> Int64? {
        let seconds = curl_getdate(text, nil)
        return seconds < 0 ? nil : Int64(seconds)
    }
}
