internal import EventLoop
internal import HTTP
internal import Orders

/// Asks one venue's API for quotes: over kept connections, within a deadline, again where that helps, and not at all while the venue is out.
@ServiceActor
final class LiveVenueClient {
    /// Tries of one quote in all.
    private static let tries = 3
    /// Far above any quote; a route of many hops has some 4 KB.
    private nonisolated static let mostBytes = 256 * 1024
    /// A try that could not take longer than this is not begun.
    private static let leastTime = Duration.milliseconds(10)

    let dex: String
    private let url: String
    private let headers: [(String, String)]
    private let http: HTTPClient
    private let budget: Duration
    private let onChange: LiveVenueOptions.Observer
    private var breaker: CircuitBreaker
    private var lastTrouble = ""

    /// - Parameters:
    ///   - url: the API's base, without a slash at its end.
    ///   - headers: sent with each request.
    init(dex: String, url: String, headers: [(String, String)] = [], options: LiveVenueOptions) {
        self.dex = dex
        self.url = url
        self.headers = headers + [("Accept", "application/json")]
        budget = options.timeout - max(.milliseconds(5), options.timeout / 20)
        onChange = options.onChange
        breaker = CircuitBreaker(options.breaker)
        var client = HTTPClientOptions()
        client.connectionsPerHost = 64
        client.usesEnvironmentProxy = !HTTPClientOptions.isLocal(url)
        http = HTTPClient(options: client)
    }

    /// Sends a `GET` and has its answer read. Throws an `OrderFailure`, or `CancellationError` when nobody waits any more.
    ///
    /// - Parameter read: makes the quote, or throws why there is none. VENUE_UNAVAILABLE means that the answer cannot be used.
    func quote(_ target: String, read: (HTTPClientResponse) throws(OrderFailure) -> Quote) async throws -> Quote {
        guard let pass = breaker.admit(at: .now) else { throw leftOut() }
        do {
            let response = try await fetch(url + target)
            let quote = try read(response)
            report(.answered, pass)
            return quote
        } catch let trouble as Trouble {
            lastTrouble = trouble.reason
            // A wait of less than a second is no promise to be back: it must not keep the pauses from growing.
            report(trouble.told.flatMap { $0 >= .seconds(1) ? .heldOff($0) : nil } ?? .failed, pass)
            throw OrderFailure(.venueUnavailable, message: "\(dex) \(trouble.reason)")
        } catch let failure as OrderFailure {
            if failure.code == .venueUnavailable { lastTrouble = Self.reason(failure, of: dex) }
            report(failure.code == .venueUnavailable ? .failed : .answered, pass)
            throw failure
        } catch {
            report(.abandoned, pass)
            throw error
        }
    }

    private func fetch(_ url: String) async throws -> HTTPClientResponse {
        let deadline = MonotonicInstant.now + budget
        var backoff = Backoff(first: .milliseconds(50), most: .milliseconds(400))
        var number = 1
        while true {
            let trouble: Trouble
            do throws(HTTPClientError) {
                let response = try await http.get(
                    url, headers: headers, timeout: max(.milliseconds(1), deadline - .now), maximumResponseBytes: Self.mostBytes)
                guard response.status == 429 || response.status >= 500 else { return response }
                trouble = Trouble(response, tries: number)
            } catch {
                if error == .cancelled { throw CancellationError() }
                trouble = Trouble(error, tries: number)
            }
            let wait = trouble.told.map { $0 + Self.jitter($0) } ?? backoff.next()
            guard trouble.mayPass, number < Self.tries, .now + wait + Self.leastTime < deadline else { throw trouble }
            try await sleep(for: wait)
            number += 1
        }
    }

    /// Never earlier than told, and later by up to a fifth or 50 ms.
    private static func jitter(_ wait: Duration) -> Duration {
        .nanoseconds(Int64.random(in: 0...max(50_000_000, wait.nanosecondsClamped / 5)))
    }

    private func report(_ outcome: CircuitBreaker.Outcome, _ pass: CircuitBreaker.Pass) {
        let wasOut = isOut
        breaker.report(outcome, of: pass, at: .now, jitter: Self.jitter)
        guard isOut != wasOut, outcome != .abandoned else { return }
        onChange(dex, isOut ? lastTrouble : nil)
    }

    private var isOut: Bool {
        if case .closed = breaker.state { false } else { true }
    }

    private func leftOut() -> OrderFailure {
        let seconds = (breaker.remaining(at: .now).millisecondsRoundedUp + 999) / 1000
        let pause = seconds > 0 ? " for \(seconds) s" : " until it has answered a trial"
        return OrderFailure(.venueUnavailable, message: "\(dex) is left out\(pause): it \(lastTrouble)")
    }

    private static func reason(_ failure: OrderFailure, of dex: String) -> String {
        failure.message.hasPrefix(dex + " ") ? String(failure.message.dropFirst(dex.count + 1)) : failure.message
    }

    /// Why a try came to nothing.
    private struct Trouble: Error {
        /// What the venue did, as the rest of a sentence.
        let reason: String
        /// Whether another try may do better.
        let mayPass: Bool
        /// When the venue wants to be asked again.
        let told: Duration?

        init(_ response: HTTPClientResponse, tries: Int) {
            told = RetryAdvice.wait(response)
            mayPass = true
            let again = told.flatMap { $0 > .zero ? ", again in \($0.components.seconds) s" : nil } ?? ""
            let what = response.status == 429 ? "limits how often it may be asked" : "answered with status \(response.status)"
            reason = what + again + Self.times(tries)
        }

        init(_ error: HTTPClientError, tries: Int) {
            told = nil
            mayPass = error == .truncated || error == .refused
            let what =
                switch error {
                case .timedOut: "did not answer in time"
                case .tooLarge: "answered with more than \(mostBytes / 1024) KiB"
                case .truncated: "ended the connection within its answer"
                default: "cannot be reached (\(error))"
                }
            reason = what + Self.times(tries)
        }

        private static func times(_ tries: Int) -> String { tries > 1 ? " (\(tries) tries)" : "" }
    }
}
