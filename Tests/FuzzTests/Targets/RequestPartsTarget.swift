@testable import Access
@testable import Configuration
@testable import GatewayService
@testable import HTTP
@testable import Orders
@testable import ServiceKit
@testable import Storage

extension FuzzTarget {
    /// The parts of a request that the engine reads by itself, a line each: the target, then header fields.
    static let requestParts = FuzzTarget(name: "request-parts") { input in
        let lines = input.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { Array($0) }
        let headers = try headers(lines.dropFirst())
        try holdToken(lines[0].text)
        guard let target = RequestTarget(lines[0].text) else { return }
        try hold(PercentEncoding.decode(Substring(escaped(target.path))) == target.path, "a path is read back from its escapes")
        let names = QueryNames(names: ["cursor", "limit", "after", "from", "to", "status", "view", "userId", "clientOrderId", "token"])
        let request = HTTPRequest(method: "GET", target: target, headers: headers, body: [], peerAddress: IPAddress("127.0.0.1")!, proxies: .loopback)
        if let problem = names.problem(target) { try holdJSON(problem.text, "a refusal") }
        try holdQuery(request)
        try holdHeaders(request)
    }

    private static func headers(_ lines: ArraySlice<[UInt8]>) throws(BrokenClaim) -> HTTPHeaders {
        var headers = HTTPHeaders()
        var count = 0
        for line in lines where !line.contains(0) {
            let pair = line.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false).map { Array($0) }
            guard pair.count == 2 else { continue }
            headers.append(name: pair[0], value: pair[1].first == UInt8(ascii: " ") ? Array(pair[1].dropFirst()) : pair[1])
            count += 1
        }
        try hold(headers.fields.count == count, "every field is kept")
        return headers
    }

    private static func escaped(_ text: String) -> String { text.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }

    /// A token lets its holder in only as the engine has made it.
    private static func holdToken(_ text: String) throws(BrokenClaim) {
        guard let id = OrderToken.order(text, at: now, keys: tokenKeys) else { return }
        let end = UInt64(text.dropFirst(8).prefix(8), radix: 16) ?? 0
        try hold(OrderToken.make(for: id, until: end, key: 1, of: tokenKeys) == text && end > now / 1000, "a token is one that was made")
    }

    static let tokenKeys: TokenKeys = {
        var keys = TokenKeys()
        keys.add(1, String(repeating: "5a", count: 32))
        return keys
    }()

    private static func holdQuery(_ request: HTTPRequest) throws {
        do {
            let query = try ListQuery(request, defaultLimit: 50)
            try hold((1...OrderStore.pageLimit).contains(query.limit), "a limit is within its bounds")
            if let cursor = query.cursor { try hold(OrderCursor(parsing: cursor.description) == cursor, "a cursor is read back") }
        } catch let problem as Problem {
            try hold(problem.status == 400, "a wrong query is the client's mistake")
            try holdJSON(problem.text, "a refusal")
        }
        if let after = try? QueryReader.after(of: request, called: "after") {
            try hold((0...Seq.max).contains(after.value), "a seq is within its bounds")
        }
    }

    private static func holdHeaders(_ request: HTTPRequest) throws(BrokenClaim) {
        let origin = RequestOrigin(request, publicURL: nil)
        try hold(origin.webSocket.hasPrefix("ws://") || origin.webSocket.hasPrefix("wss://"), "a socket's address has its scheme")
        if let trace = request.header("traceparent").flatMap({ TraceContext(traceparent: $0) }) {
            try hold(TraceContext(traceparent: trace.traceparent) == trace && trace.traceID.utf8.count == 32, "a trace is read back")
        }
        let address = "\(request.clientAddress)"
        try hold(address.utf8.count <= 45 && IPAddress(address) == request.clientAddress, "an address is short, and is read back")
        _ = HostRule(names: ["engine.example"]).allows(request.header("Host"))
        _ = CrossOrigin.own(and: ["https://app.example"]).allows(request.header("Origin"), host: request.header("Host"))
        _ = CrossOrigin.answer(methods: "GET", to: request.headers)
        if let accept = try? WebSocketHandshake.accept(request, .any) { try hold(accept.utf8.count == 28, "an accepted handshake has its answer") }
        if let name = WebSocketHandshake.subprotocol(request) { try hold(name.utf8.allSatisfy { 0x21...0x7E ~= $0 }, "a sub-protocol is visible") }
    }
}
