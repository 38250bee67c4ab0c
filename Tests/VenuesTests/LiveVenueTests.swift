import EventLoop
import Glibc
import HTTP
import Orders
import TestSupport
import Testing

@testable import Venues

/// How a live venue is asked: again, not any more, and many times at once.
@Suite(.onLoop) @ServiceActor
struct LiveVenueTests {
    private static let good = StubAPI.Answer.reply(200, Captured.raydium)

    private func limits(failures: Int = 100, pause: Duration = .seconds(30)) -> CircuitBreaker.Limits {
        var limits = CircuitBreaker.Limits()
        (limits.failures, limits.firstPause) = (failures, pause)
        return limits
    }

    /// What is left of the first pause of `limits`, and of the longest, some seconds into it; jitter makes both longer.
    private static let (first, longest) = (20...45, 50...90)

    /// For how many seconds a sentence says that the venue is left out; 0 if it says something else.
    private static func pause(_ sentence: String?) -> Int {
        (sentence?.firstMatch(of: #/^raydium is left out for (\d+) s: /#)?.1).flatMap { Int($0) } ?? 0
    }

    /// A venue that answers its nth request with the nth of these, and the last of them from then on.
    private func venue(
        _ answers: [StubAPI.Answer], timeout: Duration = .seconds(30), breaker: CircuitBreaker.Limits? = nil
    ) throws -> StubbedVenue {
        var rest = answers
        return try StubbedVenue(.raydium, timeout: timeout, breaker: breaker ?? limits()) { _, _ in rest.count > 1 ? rest.removeFirst() : rest[0] }
    }

    @Test(arguments: [
        StubAPI.Answer.reply(500, "{}"), .reply(503, "{}", ["Retry-After: 0"]), .reply(429, "{}"), .reset,
        .bytes("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"),
    ])
    func `what passes is tried again at once`(_ trouble: StubAPI.Answer) async throws {
        let stub = try venue([trouble, Self.good])
        defer { stub.api.close() }
        #expect(try await stub.quote().get().amountOut == BaseUnits(88_531_692))
        #expect(stub.api.targets.count == 2)
    }

    @Test func `a wait that the venue asks for is kept where there is time for it`() async throws {
        let stub = try venue([.reply(429, "{}", ["Retry-After: 1"]), Self.good])
        defer { stub.api.close() }
        let start = MonotonicInstant.now
        _ = try await stub.quote().get()
        #expect(start.elapsed > .milliseconds(900) && start.elapsed < .seconds(15))
    }

    @Test func `a wait beyond the deadline ends the quote at once, and nobody asks before it is over`() async throws {
        let stub = try venue([.reply(429, "{}", ["Retry-After: 400"])], timeout: .seconds(30))
        defer { stub.api.close() }
        let start = MonotonicInstant.now
        #expect(try await stub.sentence() == "raydium limits how often it may be asked, again in 400 s")
        let next = try #require(try await stub.sentence())
        #expect(Self.longest.contains(Self.pause(next)) && next.hasSuffix(" s: it limits how often it may be asked, again in 400 s"))
        #expect(start.elapsed < .seconds(10) && stub.api.targets.count == 1)
        #expect(stub.changes.told == ["limits how often it may be asked, again in 400 s"])
    }

    @Test(arguments: [
        (StubAPI.Answer.reply(503, "{}"), 3, "raydium answered with status 503 (3 tries)"),
        (.reply(429, "{}", ["x-ratelimit-reset: 4102444800"]), 1, "raydium limits how often it may be asked, again in 86400 s"),
        (.reset, 3, "raydium ended the connection within its answer (3 tries)"),
        (.bytes("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"success\":true"), 3, "raydium ended the connection within its answer (3 tries)"),
        (.reply(200, String(repeating: " ", count: 300_000)), 1, "raydium answered with more than 256 KiB"),
        (.reply(308, "", ["Location: /else"]), 1, "raydium cannot be asked: Raydium's API has moved (308); set RAYDIUM_API_URL to where it is now"),
        (.reply(301, "<html>"), 1, "raydium cannot be asked: Raydium's API has moved (301); set RAYDIUM_API_URL"),
        (.reply(410, "{}"), 1, "raydium cannot be asked: Raydium's API is gone from here (410); set RAYDIUM_API_URL to where it is now"),
        (.reply(404, "<html>"), 1, "raydium cannot be asked: Raydium's API has no quotes at this address (404); see RAYDIUM_API_URL"),
        (.reply(403, "<html>"), 1, "raydium refuses our access to Raydium's API (403)"),
        (.bytes("SSH-2.0\r\n"), 1, "raydium cannot be reached"),
        (.reply(200, "{\"success\":true"), 1, "raydium answered with what is no JSON object"),
    ])
    func `what does not pass ends with its reason after few tries`(_ answer: StubAPI.Answer, _ tries: Int, _ sentence: String) async throws {
        let stub = try venue([answer])
        defer { stub.api.close() }
        guard case .failure(let failure) = try await stub.quote() else { return #expect(Bool(false), "a quote") }
        #expect(failure.code == .venueUnavailable && failure.message.hasPrefix(sentence), "\(failure.message)")
        #expect(stub.api.targets.count == tries)
    }

    @Test(arguments: [true, false])
    func `a slow venue is given up a little before the deadline, also within its tries`(_ isSilent: Bool) async throws {
        let stub = try venue([isSilent ? .silence : .reply(500, "{}")], timeout: .seconds(2))
        stub.api.delay = Duration.milliseconds(isSilent ? 0 : 1200)
        defer { stub.api.close() }
        let start = MonotonicInstant.now
        // A busy machine is late with both alike.
        async let almost: Duration = {
            try await sleep(for: .milliseconds(1950)); return start.elapsed
        }()
        let sentence = try #require(try await stub.sentence())
        let waited = start.elapsed
        #expect(sentence.hasPrefix(isSilent ? "raydium did not answer in time" : "raydium "), "\(sentence)")
        #expect(waited > .milliseconds(900))
        #expect(try await waited < almost + .milliseconds(30))
    }

    @Test func `a venue that nobody listens for is unreachable`() async throws {
        let stub = try venue([Self.good])
        stub.api.close()
        #expect(try await stub.sentence() == "raydium cannot be reached (connection refused) (3 tries)")
    }

    @Test func `a venue that keeps failing is left out, tried once after the pause, and asked again when it answers`() async throws {
        let stub = try StubbedVenue(.raydium, breaker: limits(failures: 3, pause: .milliseconds(800))) { _, _ in .reply(200, "{}") }
        defer { stub.api.close() }
        for _ in 0..<3 { #expect(try await stub.sentence()?.contains("with success missing") == true) }
        let refusal = try #require(try await stub.sentence())
        #expect(refusal == "raydium is left out for 1 s: it answered with success missing or of the wrong type")
        #expect(stub.api.targets.count == 3)

        stub.api.answer = { _, _ in Self.good }
        try await sleep(for: .milliseconds(1100))
        stub.api.delay = .milliseconds(100)
        let trial = Loop.spawn { try await stub.quote() }
        try await eventually { stub.api.targets.count == 4 }
        #expect(try await stub.sentence()?.hasPrefix("raydium is left out until it has answered a trial: ") == true)
        _ = try await trial.value.get()
        _ = try await stub.quote().get()
        #expect(stub.api.targets.count == 5)
        #expect(stub.changes.told == ["answered with success missing or of the wrong type", nil])
    }

    @Test func `a pair without a route says nothing against the venue`() async throws {
        let stub = try venue([.reply(200, Captured.raydiumNoRoute)], breaker: limits(failures: 1))
        defer { stub.api.close() }
        for _ in 0..<3 { #expect(try await stub.sentence() == "raydium has no route for this token pair") }
        #expect(stub.api.targets.count == 3 && stub.changes.told.isEmpty)
    }

    @Test(arguments: [
        (200, #"{"success":false,"msg":"INPUT_AMOUNT_TOO_SMALL"}"#), (200, #"{"success":false}"#), (400, "<html>"), (422, ""), (400, "{}"),
        (404, #"{"success":false,"msg":"POOL_NOT_FOUND"}"#),
    ])
    func `an answer that judges the request says nothing against the venue`(_ status: Int, _ body: String) async throws {
        let stub = try venue([.reply(status, body)], breaker: limits(failures: 1))
        defer { stub.api.close() }
        for _ in 0..<3 {
            guard case .failure(let failure) = try await stub.quote() else { return #expect(Bool(false), "a quote") }
            #expect(failure.code == .quoteRefused && failure.message.hasPrefix("raydium refused the request"))
        }
        stub.api.answer = { _, _ in Self.good }
        _ = try await stub.quote().get()
        #expect(stub.api.targets.count == 4 && stub.changes.told.isEmpty)
    }

    @Test func `what previews meet leaves orders alone, and nobody is told`() async throws {
        let stub = try venue([.reply(500, "{}")], breaker: limits(failures: 2))
        defer { stub.api.close() }
        for _ in 0..<2 { #expect(try await stub.sentence(stub.preview) == "raydium answered with status 500") }
        #expect(Self.first.contains(Self.pause(try await stub.sentence(stub.preview))))
        #expect(stub.api.targets.count == 2)
        stub.api.answer = { _, _ in Self.good }
        for _ in 0..<5 { _ = try await stub.quote().get() }
        #expect(stub.changes.told.isEmpty)
    }

    @Test func `previews do not ask a venue that orders leave out`() async throws {
        let stub = try venue([.reply(429, "{}", ["Retry-After: 400"])])
        defer { stub.api.close() }
        _ = try await stub.quote()
        #expect(Self.longest.contains(Self.pause(try await stub.sentence(stub.preview))))
        #expect(stub.api.targets.count == 1)
    }

    @Test func `previews have few connections of their own`() async throws {
        let stub = try venue([Self.good], timeout: .seconds(30))
        defer { stub.api.close() }
        stub.api.delay = .milliseconds(20)
        let asking = (0..<50).map { _ in Loop.spawn { try await stub.quote(stub.preview).get() } }
        for task in asking { _ = try await task.value }
        #expect(stub.api.targets.count == 50 && (1...4).contains(stub.api.accepted))
    }

    @Test func `a host that nobody knows and a certificate that nobody trusts name their setting`() {
        let api = VenueAPI(dex: "meteora", name: "Jupiter's API", url: "https://gone.invalid", urlSetting: "JUPITER_API_URL")
        #expect(api.trouble(.dns) == "cannot be reached (unknown host); see JUPITER_API_URL")
        #expect(api.trouble(.tls) == "cannot be reached (no trusted TLS connection); see SSL_CERT_FILE")
    }

    @Test func `a quote that is cancelled ends at once and says nothing against the venue`() async throws {
        let stub = try venue([.silence, Self.good], timeout: .seconds(30), breaker: limits(failures: 1))
        defer { stub.api.close() }
        let asking = Loop.spawn { try await stub.quote() }
        try await eventually { stub.api.targets.count == 1 }
        asking.cancel()
        await #expect(throws: CancellationError.self) { try await asking.value }
        _ = try await stub.quote().get()
        #expect(stub.changes.told.isEmpty)
    }

    @Test func `an answer that asks for no wait at all keeps counting as a failure`() async throws {
        let stub = try venue([.reply(503, "{}", ["Retry-After: 0"])], breaker: limits(failures: 2))
        defer { stub.api.close() }
        for _ in 0..<2 { #expect(try await stub.sentence() == "raydium answered with status 503 (3 tries)") }
        #expect(Self.first.contains(Self.pause(try await stub.sentence())))
    }

    @Test func `connections are used again`() async throws {
        let stub = try venue([Self.good])
        defer { stub.api.close() }
        for _ in 0..<20 { _ = try await stub.quote().get() }
        #expect(stub.api.accepted == 1)
    }
}

@Suite(.onLoop) @ServiceActor
struct ManyQuotesTests {
    /// Other tests of the process open and end threads and connections of their own meanwhile: only those to the stub are counted.
    @Test func `a thousand quotes at once hold no thread and leave no handle`() async throws {
        let threads = entries("/proc/self/task").count
        let port = try await askAThousand { #expect(entries("/proc/self/task").count < threads + 100) }
        try await eventually { connections(to: port) == 0 }
    }

    private func askAThousand(meanwhile: () -> Void) async throws -> UInt16 {
        let stub = try StubbedVenue(.raydium, timeout: .seconds(60)) { _, _ in .reply(200, Captured.raydium) }
        defer { stub.api.close() }
        stub.api.delay = .milliseconds(20)
        let asking = (0..<1000).map { _ in Loop.spawn { try await stub.quote().get().amountOut } }
        try await eventually { stub.api.targets.count > 200 }
        meanwhile()
        #expect((1...64).contains(connections(to: stub.api.port)))
        for task in asking { #expect(try await task.value == BaseUnits(88_531_692)) }
        #expect(stub.api.targets.count == 1000 && stub.api.accepted <= 64)
        return stub.api.port
    }

    /// Sockets that this process holds open towards a port of this machine.
    private func connections(to port: UInt16) -> Int {
        entries("/proc/self/fd").count { entry in
            guard let descriptor = Int32(entry) else { return false }
            var address = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let result = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(descriptor, $0, &length) }
            }
            return result == 0 && address.sin_family == sa_family_t(AF_INET) && UInt16(bigEndian: address.sin_port) == port
        }
    }

    private func entries(_ directory: String) -> [String] {
        guard let handle = opendir(directory) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 256) { names.append(String(cString: $0)) }
            }
        }
        return names
    }
}
