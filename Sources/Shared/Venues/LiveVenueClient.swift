internal import Configuration
internal import EventLoop
internal import HTTP
internal import Orders

/// Asks one venue's API for quotes: over kept connections, within a deadline, with further tries if they can help. Asks nothing while the venue is
/// left out.
@ServiceActor
final class LiveVenueClient {
    /// Far above the size of any quote; a route of many hops has some 4 KB.
    private nonisolated static let maxBytes = 256 * 1024
    /// The minimum time that must be left to begin another try.
    private static let minTime = Duration.milliseconds(10)

    private let api: VenueAPI
    private let headers: [(String, String)]
    private let tries: Int
    private let http: HTTPClient
    private let budget: Duration
    private let onChange: LiveVenueOptions.Observer
    private var breaker: CircuitBreaker
    private var lastTrouble = ""
    private let orders: LiveVenueClient?

    /// - Parameter orders: for a client of previews, the client that orders use for the same venue. While that one leaves the venue out, this one
    ///   does too.
    init(_ api: VenueAPI, options: LiveVenueOptions, beside orders: LiveVenueClient? = nil) {
        self.api = api
        self.orders = orders
        tries = options.tries
        // Answers are never unpacked.
        headers =
            (api.key.flatMap { key in key.value.map { [(key.header, $0.text)] } } ?? []) + [
                ("Accept", "application/json"), ("Accept-Encoding", "identity"),
            ]
        budget = options.timeout - max(.milliseconds(5), options.timeout / 20)
        onChange = options.onChange
        breaker = CircuitBreaker(options.breaker)
        var client = HTTPClientOptions()
        client.connectionsPerHost = options.connections
        client.certificates = options.settings.certificates
        client.usesEnvironmentProxy = !HTTPClientOptions.isLocal(api.url)
        http = HTTPClient(options: client)
    }

    /// Sends a `GET` and reads its answer. Throws an `OrderFailure`, or `CancellationError` if nobody waits any more.
    ///
    /// - Parameter read: makes the quote, or throws why there is none.
    func quote(_ target: String, read: (HTTPClientResponse) throws(NoQuote) -> Quote) async throws -> Quote {
        if let orders, orders.breaker.remaining(at: .now) > .zero { throw orders.leftOut() }
        guard let pass = breaker.admit(at: .now) else { throw leftOut() }
        do {
            let response = try await fetch(api.url + target)
            if let trouble = api.trouble(response) { throw NoQuote.unusable(dex, trouble) }
            let quote = try read(response)
            report(.answered, pass)
            return quote
        } catch let trouble as Trouble {
            lastTrouble = trouble.reason
            // A wait of less than a second is no promise to be back. It must not keep the pauses from growing.
            report(trouble.told.flatMap { $0 >= .seconds(1) ? .heldOff($0) : nil } ?? .failed, pass)
            throw OrderFailure(.venueUnavailable, message: "\(dex) \(trouble.reason)")
        } catch let none as NoQuote {
            if !none.judgesRequest { lastTrouble = Self.reason(none.failure, of: dex) }
            report(none.judgesRequest ? .judged : .failed, pass)
            throw none.failure
        } catch {
            report(.abandoned, pass)
            throw error
        }
    }

    private var dex: String { api.dex }

    private func fetch(_ url: String) async throws -> HTTPClientResponse {
        let deadline = MonotonicInstant.now + budget
        var backoff = Backoff(first: .milliseconds(50), max: .milliseconds(400))
        var number = 1
        while true {
            let trouble: Trouble
            do throws(HTTPClientError) {
                let response = try await http.get(
                    url, headers: headers, timeout: max(.milliseconds(1), deadline - .now), maxResponseBytes: Self.maxBytes)
                guard response.status == 429 || response.status >= 500 else { return response }
                trouble = Trouble(response, tries: number)
            } catch {
                if error == .cancelled { throw CancellationError() }
                trouble = Trouble(error, of: api, tries: number)
            }
            let wait = trouble.told.map { $0 + Self.jitter($0) } ?? backoff.next()
            guard trouble.mayPass, number < tries, .now + wait + Self.minTime < deadline else { throw trouble }
            try await sleep(for: wait)
            number += 1
        }
    }

    /// A random addition to a wait that the venue gave: up to a fifth of it, or up to 50 ms if that is more.
    private static func jitter(_ wait: Duration) -> Duration { .nanoseconds(Int64.random(in: 0...max(50_000_000, wait.nanosecondsClamped / 5))) }

    private func report(_ outcome: CircuitBreaker.Outcome, _ pass: CircuitBreaker.Pass) {
        let wasOut = isOut
        breaker.report(outcome, of: pass, at: .now, jitter: Self.jitter)
        guard isOut != wasOut, outcome != .abandoned else { return }
        onChange(dex, isOut ? lastTrouble : nil)
    }

    private var isOut: Bool { if case .closed = breaker.state { false } else { true } }

    private func leftOut() -> OrderFailure {
        let seconds = (breaker.remaining(at: .now).millisecondsRoundedUp + 999) / 1000
        let pause = seconds > 0 ? " for \(seconds) s" : " until it has answered a trial"
        return OrderFailure(.venueUnavailable, message: "\(dex) is left out\(pause): it \(lastTrouble)")
    }

    private static func reason(_ failure: OrderFailure, of dex: String) -> String {
        failure.message.hasPrefix(dex + " ") ? String(failure.message.dropFirst(dex.count + 1)) : failure.message
    }

    /// Why a try failed.
    private struct Trouble: Error {
        /// What the venue did, as the rest of a sentence.
        let reason: String
        /// Whether another try may succeed.
        let mayPass: Bool
        /// How long the venue wants to be left alone.
        let told: Duration?

        init(_ response: HTTPClientResponse, tries: Int) {
            told = RetryAdvice.wait(response)
            mayPass = true
            let again = told.flatMap { $0 > .zero ? ", again in \($0.components.seconds) s" : nil } ?? ""
            let what = response.status == 429 ? "limits how often it may be asked" : "answered with status \(response.status)"
            reason = what + again + Self.times(tries)
        }

        init(_ error: HTTPClientError, of api: VenueAPI, tries: Int) {
            told = nil
            mayPass = error == .truncated || error == .refused
            let what =
                switch error {
                case .timedOut: "did not answer in time"
                case .tooLarge: "answered with more than \(maxBytes / 1024) KiB"
                case .truncated: "ended the connection within its answer"
                default: api.trouble(error)
                }
            reason = what + Self.times(tries)
        }

        private static func times(_ tries: Int) -> String { tries > 1 ? " (\(tries) tries)" : "" }
    }
}
