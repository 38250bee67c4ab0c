internal import EventLoop
internal import HTTP
internal import JSON

/// The engine's API, as the tool uses it.
@ServiceActor
final class Engine {
    /// A page of dead letters ends at about a megabyte, but one entry can be larger.
    private static let mostBytes = 64 << 20
    /// The engine's own limit for a request is 10 s.
    private static let timeout = Duration.seconds(15)

    let url: String
    let client: HTTPClient
    /// Whether orders are followed by WebSockets first.
    let opensWebSockets: Bool

    init(url: String, environment: [String: String]) {
        self.url = url
        opensWebSockets = Self.opensWebSockets(url, environment: environment)
        var options = HTTPClientOptions()
        options.userAgent = "orderctl"
        options.usesEnvironmentProxy = !HTTPClientOptions.isLocal(url)
        client = HTTPClient(options: options)
    }

    func get(_ path: String, query: [(name: String, value: String)] = []) async throws(Failure) -> JSONValue {
        let pairs = query.map { "\($0.name)=\(Self.escaped($0.value))" }
        return try await send("GET", path + (pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")))
    }

    func post(_ path: String) async throws(Failure) -> JSONValue { try await send("POST", path, body: []) }

    /// Posts a JSON object.
    func post(_ path: String, json: String, headers: [(String, String)] = []) async throws(Failure) -> JSONValue {
        try await send("POST", path, headers: headers + [("Content-Type", "application/json")], body: Array(json.utf8))
    }

    func delete(_ path: String) async throws(Failure) -> JSONValue { try await send("DELETE", path) }

    private func send(
        _ method: String, _ path: String, headers: [(String, String)] = [], body: [UInt8]? = nil
    ) async throws(Failure) -> JSONValue {
        let answer: HTTPClientResponse
        do {
            answer = try await client.send(
                method, url + path, headers: [("Accept", "application/json")] + headers, body: body, timeout: Self.timeout,
                maximumResponseBytes: Self.mostBytes)
        } catch {
            throw unreachable(error)
        }
        let value = try? JSONValue.parse(answer.body, maximumDepth: 32)
        guard (200..<300).contains(answer.status) else { throw refusal(answer.status, value) }
        guard let value else {
            throw Failure(.refused, "\(url) answered \(path) with what is no JSON; is that the engine?")
        }
        return value
    }

    func unreachable(_ error: HTTPClientError) -> Failure {
        Failure(
            .unreachable, "No engine answers at \(url) (\(error)); start it with make up, or say where it is with --url or ORDERCTL_URL",
            mayHaveBeenDone: error == .timedOut || error == .truncated)
    }

    func refusal(_ status: Int, _ body: JSONValue?) -> Failure {
        // The edge is there and what is behind it is not.
        if status == 502 || status == 504 {
            return Failure(
                .unreachable, "The edge at \(url) reaches no gateway (\(status)); try again in a few seconds, or see its health",
                code: body?["code"]?.string, mayHaveBeenDone: true)
        }
        guard let sentence = body?["error"]?.string else {
            return Failure(.refused, "\(url) answered \(status) without a reason; is that the engine?")
        }
        // A 503 that names an order: its gateway could not say whether it is in.
        return Failure(
            .refused, Terminal.safe(sentence), code: body?["code"]?.string, mayHaveBeenDone: status == 503 && body?["orderId"]?.string != nil)
    }

    /// A part of a path or a query's value: all but the unreserved characters of RFC 3986 escaped.
    nonisolated static func escaped(_ text: String) -> String {
        text.utf8.reduce(into: "") { result, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += "%" + (digits.count == 1 ? "0" : "") + digits
            }
        }
    }
}
