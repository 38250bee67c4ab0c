internal import Glibc
internal import HTTP

/// Reads how long to wait before a venue is asked again, from the header fields of its answer.
enum RetryAdvice {
    /// The wait that is given by `Retry-After` (seconds or a date) or, with 429, by `x-ratelimit-reset` (Unix seconds); nil if neither is given.
    ///
    /// A time is compared with the answer's own `Date`, so that a wrong clock of this machine does not matter.
    static func wait(_ response: HTTPClientResponse, now: Int64 = Int64(time(nil))) -> Duration? {
        wait(
            status: response.status, retryAfter: response.header("retry-after"), reset: response.header("x-ratelimit-reset"),
            date: response.header("date"), now: now)
    }

    static func wait(status: Int, retryAfter: String?, reset: String?, date: String?, now: Int64) -> Duration? {
        let now = date.flatMap(HTTPClientResponse.date) ?? now
        if let retryAfter {
            if let seconds = whole(retryAfter) { return bounded(seconds) }
            if let moment = HTTPClientResponse.date(retryAfter) { return bounded(moment - now) }
        }
        guard status == 429, let reset = reset.flatMap(whole) else { return nil }
        // Some APIs give seconds from now, others Unix milliseconds. The size of the number tells them apart from Unix seconds.
        if reset < 1_000_000_000 { return bounded(reset) }
        return bounded((reset >= 100_000_000_000 ? reset / 1000 : reset) - now)
    }

    /// At most a day. No request for a quote waits that long.
    private static func bounded(_ seconds: Int64) -> Duration { .seconds(min(max(0, seconds), 86_400)) }

    /// Whole seconds from a number that may have a fraction, rounded up.
    private static func whole(_ text: String) -> Int64? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, !first.isEmpty, parts.joined().utf8.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }), let seconds = Int64(first)
        else { return nil }
        let hasRest = parts.count == 2 && parts[1].contains { $0 != "0" }
        return hasRest && seconds < .max ? seconds + 1 : seconds
    }
}
