internal import EventLoop
internal import HTTP
internal import JSON

/// The client of the engine's API.
@ServiceActor
final class Engine {
    /// A page of dead letters ends at about a megabyte, but a single entry can be larger.
    private static let maxBytes = 64 << 20
    /// The engine's own limit for a request is 10 s.
    private static let timeout = Duration.seconds(15)

    let url: String
    let client: HTTPClient
    /// Read once, at the first request: a command that asks no engine needs no key, and a pipe can be read once only.
    private lazy var foundKey = Result { () throws(Failure) in try key.headers() }
    let key: EngineKey

    init(url: String, key: EngineKey, environment: [String: String]) {
        self.url = url
        self.key = key
        var options = HTTPClientOptions()
        options.userAgent = "orderctl"
        options.usesEnvironmentProxy = !HTTPClientOptions.isLocal(url)
        options.certificates = environment["SSL_CERT_FILE"].flatMap { $0.isEmpty ? nil : $0 }
        client = HTTPClient(options: options)
    }

    /// The headers that say who asks.
    func authorization() throws(Failure) -> [(String, String)] { try foundKey.get() }

    func get(_ path: String, query: [(name: String, value: String)] = []) async throws(Failure) -> JSONValue {
        let pairs = query.map { "\($0.name)=\(Self.escaped($0.value))" }
        return try await send("GET", path + (pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")))
    }

    /// Posts an empty object: the engine takes nothing but JSON, so that no page of another site can ask for the same.
    func post(_ path: String) async throws(Failure) -> JSONValue { try await post(path, json: "{}") }

    /// Posts a JSON object.
    func post(_ path: String, json: String, headers: [(String, String)] = []) async throws(Failure) -> JSONValue {
        try await send("POST", path, headers: headers + [("Content-Type", "application/json")], body: Array(json.utf8))
    }

    func delete(_ path: String) async throws(Failure) -> JSONValue { try await send("DELETE", path) }

    /// Changes what has not changed since it was read: the path is read first, and its `ETag` goes back in `If-Match`.
    func patch(_ path: String, json: String) async throws(Failure) -> JSONValue {
        let seen = try await exchange("GET", path)
        let match = seen.answer.header("ETag").map { [("If-Match", $0)] } ?? []
        return try await send("PATCH", path, headers: match + [("Content-Type", "application/json")], body: Array(json.utf8))
    }

    private func send(
        _ method: String, _ path: String, headers: [(String, String)] = [], body: [UInt8]? = nil
    ) async throws(Failure) -> JSONValue {
        try await exchange(method, path, headers: headers, body: body).value
    }

    private func exchange(
        _ method: String, _ path: String, headers: [(String, String)] = [], body: [UInt8]? = nil
    ) async throws(Failure) -> (answer: HTTPClientResponse, value: JSONValue) {
        let answer: HTTPClientResponse
        let common = [("Accept", "application/json")] + (try authorization())
        do {
            answer = try await client.send(
                method, url + path, headers: common + headers, body: body, timeout: Self.timeout,
                maxResponseBytes: Self.maxBytes)
        } catch {
            throw method == "GET" || !Self.isLost(error) ? unreachable(error) : lost(error.description)
        }
        let value = try? JSONValue.parse(answer.body, maxDepth: 32)
        guard (200..<300).contains(answer.status) else {
            let isLost = [502, 504].contains(answer.status) || value?["code"]?.string == HTTPCode.outcomeUnknown.rawValue
            throw method != "GET" && isLost ? lost("\(answer.status)", code: value?["code"]?.string) : refusal(answer.status, value)
        }
        guard let value else { throw Failure(.refused, "\(url) answered \(path) with what is no JSON; is that the engine?") }
        return (answer, value)
    }

    /// A part of a path, or a value of a query. All characters except the unreserved ones of RFC 3986 are escaped.
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
