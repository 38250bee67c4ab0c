import Testing

@testable import Venues

struct RetryAdviceTests {
    @Test(
        arguments: [
            (429, "2", nil, nil, 2), (503, "7", nil, nil, 7), (429, "1.2", nil, nil, 2), (429, "0", nil, nil, 0),
            (503, "99999999999", nil, nil, 86_400),
            (429, "Sun, 06 Nov 1994 08:49:37 GMT", nil, nil, 37), (429, "Sun, 06 Nov 1994 08:48:00 GMT", nil, nil, 0),
            (429, nil, "784111777", nil, 86_400), (429, nil, "30", nil, 30), (429, nil, "-5", nil, nil), (429, nil, nil, nil, nil),
            (429, "soon", "12", nil, 12), (429, "", nil, nil, nil), (500, nil, "30", nil, nil),
        ] as [(Int, String?, String?, String?, Int?)])
    func `headers tell when to come back`(_ status: Int, _ retryAfter: String?, _ reset: String?, _ date: String?, _ seconds: Int?) {
        // 06 Nov 1994 08:49:00
        let wait = RetryAdvice.wait(status: status, retryAfter: retryAfter, reset: reset, date: date, now: 784_111_740)
        #expect(wait == seconds.map { .seconds($0) })
    }

    @Test(arguments: [("1768030220", 3), ("1768030220000", 3), ("1768030210", 0)])
    func `a reset is a moment, in seconds or milliseconds`(_ reset: String, _ seconds: Int) {
        #expect(RetryAdvice.wait(status: 429, retryAfter: nil, reset: reset, date: nil, now: 1_768_030_217) == .seconds(seconds))
    }

    @Test func `a moment is compared with the answer's own date, whatever our clock says`() {
        let date = "Sat, 10 Jan 2026 07:30:17 GMT"
        #expect(RetryAdvice.wait(status: 429, retryAfter: nil, reset: "1768030220", date: date, now: 5) == .seconds(3))
        #expect(RetryAdvice.wait(status: 503, retryAfter: "Sat, 10 Jan 2026 07:30:19 GMT", reset: nil, date: date, now: 5) == .seconds(2))
    }
}
