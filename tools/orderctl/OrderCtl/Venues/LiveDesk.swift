internal import Configuration
internal import EventLoop
internal import Glibc
internal import JSON
internal import Orders
internal import Venues

/// Asks the real venues from this machine, with the router's adapters.
@ServiceActor
struct LiveDesk {
    /// A person waits longer than an order does.
    private static let timeout = Duration.seconds(10)

    private let tokens: TokenList
    private let venues: [any Venue]

    /// Reads the settings of live venues and the token list.
    init(environment: [String: String]) throws(Failure) {
        var reader = SettingsReader(environment: environment)
        let settings = LiveVenueSettings(reading: &reader)
        do { try reader.finish() } catch {
            throw Failure(.usage, error.mistakes.map(\.message).joined(separator: "; "))
        }
        let path = environment["TOKENS_FILE"].flatMap { $0.isEmpty ? nil : $0 } ?? "config/tokens.json"
        do { tokens = try TokenList(bytes: try Self.contents(of: path)) } catch let error as TokenListError {
            throw Failure(.usage, "TOKENS_FILE \(Terminal.safe(path)): \(Terminal.safe(error.description))")
        } catch {
            throw Failure(
                .usage, "Cannot read the token list \(Terminal.safe(path)); run in the engine's folder, or say where it is with TOKENS_FILE")
        }
        venues = LiveVenues.all(LiveVenueOptions(settings: settings, timeout: Self.timeout))
    }

    /// The venues' answers in the form of `GET /api/quotes`.
    func quotes(from: String, to: String, amount: String, slippageBps: Int) async throws(Failure) -> JSONValue {
        let request = try request(from, to, amount, slippageBps)
        let asked = venues.map { venue in (venue.dex, Loop.spawn { try await Self.quote(of: venue, request) }) }
        var quotes: [Quote] = []
        var unavailable: [UnavailableVenue] = []
        for (dex, task) in asked {
            switch await task.result {
            case .success(let quote): quotes.append(quote)
            case .failure(let error): unavailable.append(UnavailableVenue(dex, error as? OrderFailure ?? OrderFailure(.venueUnavailable)))
            }
        }
        let now = WallClock.milliseconds
        let round = QuoteRound(quotes.map { $0.aged(at: now) }, unavailable: unavailable)
        guard let answer = round.answer(to: request), let value = try? JSONValue.parse(answer) else {
            let reasons = round.unavailable.map { Terminal.safe($0.failure.message) }.joined(separator: "; ")
            throw Failure(.refused, "No venue has a quote: \(reasons)")
        }
        return value
    }

    /// A venue's quote with the time of its arrival, by this machine's clock.
    private static func quote(of venue: any Venue, _ request: QuoteRequest) async throws -> Quote {
        var quote = try await venue.quote(request)
        quote.quotedAt = quote.quotedAt ?? WallClock.milliseconds
        return quote
    }

    private func request(_ from: String, _ to: String, _ amount: String, _ slippageBps: Int) throws(Failure) -> QuoteRequest {
        let (tokenIn, tokenOut) = (try token(from), try token(to))
        guard tokenIn.mint != tokenOut.mint else { throw Failure(.usage, "Give two different tokens") }
        guard let units = try? BaseUnits(decimal: amount, decimals: tokenIn.decimals), units.value > 0 else {
            throw Failure(
                .usage, "The amount has to be a number above 0 with at most \(tokenIn.decimals) decimals, not \"\(Terminal.cut(amount, to: 40))\"")
        }
        return QuoteRequest(tokenIn: tokenIn, tokenOut: tokenOut, amountIn: units, slippageBps: slippageBps)
    }

    private func token(_ text: String) throws(Failure) -> Token {
        guard let token = tokens.lookup(text) else {
            throw Failure(.usage, "\(Terminal.cut(text, to: 64)) is not in the token list; add it to TOKENS_FILE, or use its mint if it is there")
        }
        return token
    }

    private struct Unreadable: Error {}

    private static func contents(of path: String) throws -> [UInt8] {
        guard let file = fopen(path, "re") else { throw Unreadable() }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while bytes.count <= 16 << 20 {
            let count = fread(&buffer, 1, buffer.count, file)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        guard ferror(file) == 0 else { throw Unreadable() }
        return bytes
    }
}
