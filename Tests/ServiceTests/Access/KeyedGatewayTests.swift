import Configuration
import EventLoop
import JSON
import Orders
import TestSupport
import Testing

@testable import HTTP
@testable import Pipeline
@testable import ServiceKit

/// Tests who may do what at a gateway with keys.
@Suite(.onLoop) @ServiceActor
struct KeyedGatewayTests {
    private static let order = #"{"tokenIn":"SOL","tokenOut":"USDC","amount":1.5}"#

    /// The head of an answer without what differs from one moment to the next.
    private static func fields(_ answer: Answer) -> [Substring] {
        answer.head.split(separator: "\r\n").filter { !$0.hasPrefix("Date") && !$0.hasPrefix("Request-Id") }
    }

    private func withKeyedGateway(
        _ body: @ServiceActor (TestProcess<GatewaySettings>, HTTPExchange, TestKeys) async throws -> Void
    ) async throws {
        try await withKeys { keys in
            try await withStore { _, database in
                try await withGateway(["DATABASE_URL": database, "API_KEYS_FILE": keys.path]) { test, http in
                    try await alongside({ await test.process.runAccess() }) {
                        try await eventually { try await http.get("/api/orders", keys.header("op")).status == 200 }
                        try await body(test, http, keys)
                    }
                }
            }
        }
    }

    private func place(_ http: HTTPExchange, _ keys: TestKeys, _ name: String, _ more: String...) async throws -> String {
        let answer = try await http.send(
            "POST", "/api/orders/execute", ["Content-Type: application/json", keys.header(name)] + more, body: Self.order)
        guard answer.status == 202, let id = answer["orderId"]?.string else { throw TestFailure("\(name): \(answer.status) \(answer.body)") }
        return id
    }

    @Test func `without a key nothing is answered but what is open to all, and a wrong key is no key`() async throws {
        try await withKeyedGateway { test, http, keys in
            let open: Set = [
                "/openapi.yaml", "/asyncapi.yaml", "/runbook.md", "/v1/stream", "/api/orders/execute", "/api/orders/status", "/ws/orders/{id}",
            ]
            for (path, method, _) in test.process.router.queries where method != "socket" && !(method == "GET" && open.contains(path)) {
                let path = path.replacing("{id}", with: Samples.id().description)
                for header in ["X: y", "Authorization: Bearer \(String(repeating: "0", count: 68))", "X-API-Key: oek_0", "Authorization: Basic eDp5"]
                {
                    let answer = try await http.send(method, path, ["Content-Type: application/json", header])
                    #expect(answer.status == 401 && answer["code"]?.string == "UNAUTHENTICATED", "\(method) \(path): \(answer.body)")
                    #expect(answer.header("WWW-Authenticate") == "Bearer")
                }
            }
            #expect(try await http.get("/openapi.yaml").status == 200)
            test.process.addAdminRoutes()
            #expect(try await http.get("/metrics").status == 401)
            #expect(try await http.get("/health/ready")["checks"] == nil)
            #expect(try await http.get("/health/ready", keys.header("op"))["checks"] != nil)
            #expect(try await http.get("/api/tokens", "X-API-Key: \(keys.secrets["bot"] ?? "")").status == 200)
        }
    }

    @Test func `any key is told its name, its scopes and its user, and nobody else is told anything`() async throws {
        try await withKeyedGateway { _, http, keys in
            for (name, says) in [
                ("bot", #"{"mode":"keyed","name":"bot","scopes":["trade","read"],"user":null}"#),
                ("alice-2", #"{"mode":"keyed","name":"alice-2","scopes":["read"],"user":"alice"}"#),
                ("trader", #"{"mode":"keyed","name":"trader","scopes":["trade"],"user":null}"#),
                ("op", #"{"mode":"keyed","name":"op","scopes":["operate"],"user":null}"#),
            ] {
                let answer = try await http.get("/api/access", keys.header(name))
                #expect(answer.status == 200 && answer.body == says, "\(name): \(answer.body)")
            }
            let order = try await http.post(Self.order, keys.header("bot"))
            let token = try #require(order["wsUrl"]?.string?.split(separator: "?").last)
            for path in ["/api/access", "/api/access?\(token)"] {
                let answer = try await http.get(path)
                #expect(answer.status == 401 && answer["code"]?.string == "UNAUTHENTICATED", "\(path): \(answer.body)")
            }
            try keys.write(without: ["bot"])
            try await eventually { try await http.get("/api/access", keys.header("bot")).status == 401 }
        }
    }

    @Test func `a key does what its scopes say, and no more`() async throws {
        try await withKeyedGateway { test, http, keys in
            let operators = ["/api/door/pause", "/api/door/resume", "/api/dead-letters", "/api/reconcile", "/api/doctor", "/api/partitions"]
            for path in operators {
                let method = path.hasPrefix("/api/door/") ? "POST" : "GET"
                for name in ["bot", "reader", "trader"] {
                    let answer = try await http.send(method, path, ["Content-Type: application/json", keys.header(name)])
                    #expect(answer.status == 403 && answer["code"]?.string == "FORBIDDEN", "\(name) \(path): \(answer.body)")
                }
                #expect(try await http.send(method, path, ["Content-Type: application/json", keys.header("op")]).status == 200, "\(path)")
            }
            #expect(try await http.post(Self.order, keys.header("reader")).status == 403)
            let id = try await place(http, keys, "trader")
            #expect(try await http.get("/api/orders/\(id)", keys.header("trader")).status == 403)
            #expect(try await http.get("/api/orders", keys.header("trader")).status == 403)
        }
    }

    @Test func `another's order is as if there were none, by every path`() async throws {
        try await withKeyedGateway { _, http, keys in
            let id = try await place(http, keys, "bot")
            let none = Samples.id().description
            for (method, path) in [
                ("GET", "/api/orders/ID"), ("GET", "/api/orders/ID/events"), ("DELETE", "/api/orders/ID"), ("GET", "/api/orders/status/ID"),
            ] {
                func answer(_ id: String, _ name: String) async throws -> Answer {
                    try await http.send(method, path.replacing("ID", with: id), [keys.header(name)])
                }
                for name in ["ant", "alice-1"] {
                    let (hidden, unknown) = (try await answer(id, name), try await answer(none, name))
                    #expect(hidden.status == 404 && hidden.body == unknown.body, "\(name) \(method) \(path): \(hidden.body)")
                    #expect(Self.fields(hidden) == Self.fields(unknown))
                }
            }
            #expect(try await http.get("/api/orders/\(id)", keys.header("bot")).status == 200)
            #expect(try await http.get("/api/orders/\(id)", keys.header("op")).status == 200)
            #expect(try await http.send("DELETE", "/api/orders/\(id)", [keys.header("bot")]).status == 200)
            #expect(try await http.get("/api/orders/\(id)", keys.header("bot"))["userId"]?.isNull != false)
        }
    }

    @Test func `a key of a user places and sees the user's orders only, and nobody else places for the user`() async throws {
        try await withKeyedGateway { _, http, keys in
            let id = try await place(http, keys, "alice-1")
            let shown = try await http.get("/api/orders/\(id)", keys.header("alice-2"))
            #expect(shown.status == 200 && shown["userId"]?.string == "alice")
            func forUser(_ user: String) -> String { #"{"tokenIn":"SOL","tokenOut":"USDC","amount":1.5,"userId":"\#(user)"}"# }
            for (name, user, status) in [("alice-1", "alice", 202), ("alice-1", "bob", 403), ("bot", "alice", 403), ("bot", "bob", 202)] {
                let answer = try await http.post(forUser(user), keys.header(name))
                #expect(answer.status == status, "\(name) for \(user): \(answer.body)")
                if status == 403 { #expect(answer["code"]?.string == "FORBIDDEN" && answer["errors"]?.array?.first?["field"]?.string == "userId") }
            }
        }
    }

    @Test func `an idempotency key is one only among its caller's own`() async throws {
        try await withKeyedGateway { _, http, keys in
            let key = "Idempotency-Key: same"
            let bot = try await place(http, keys, "bot", key)
            #expect(try await place(http, keys, "bot", key) == bot)
            #expect(try await place(http, keys, "ant", key) != bot)
            #expect(try await place(http, keys, "alice-1", key) != bot)
            // Another order under the key is a conflict for its owner alone.
            let other = #"{"tokenIn":"SOL","tokenOut":"USDC","amount":2}"#
            let conflict = try await http.post(other, key, keys.header("bot"))
            #expect(conflict.status == 422, "\(conflict.body)")
            #expect(try await http.post(other, key, keys.header("trader")).status == 202)
            // A refused request finds only the caller's own order.
            #expect(try await http.post(#"{"tokenIn":"SOL","tokenOut":"NONE","amount":1}"#, key, keys.header("op")).status == 400)
        }
    }

    @Test func `the socket URLs of an answer have a token that opens the order's socket`() async throws {
        try await withKeyedGateway { test, http, keys in
            let answer = try await http.post(Self.order, keys.header("bot"))
            let (id, url) = (try #require(answer["orderId"]?.string), try #require(answer["wsUrl"]?.string))
            let token = try #require(url.firstRange(of: "?token=").map { String(url[$0.upperBound...]) })
            #expect(answer["websocketUrl"]?.string?.hasSuffix("?token=\(token)") == true)
            #expect(try await http.get("/api/orders/\(id)/events?token=\(token)").status == 200)
            #expect(try await http.get("/api/orders/\(id)?token=\(token)").status == 401)
            let other = try await place(http, keys, "bot")
            #expect(try await http.get("/api/orders/\(other)/events?token=\(token)").status == 404)
            let forged = token.dropLast() + (token.hasSuffix("0") ? "1" : "0")
            #expect(try await http.get("/api/orders/\(id)/events?token=\(forged)").status == 401)
        }
    }

    @Test func `a key that is taken out of the file is refused soon, and the others are not`() async throws {
        try await withKeyedGateway { _, http, keys in
            func status(_ name: String) async throws -> Int { try await http.get("/api/tokens", keys.header(name)).status }
            try keys.write(without: ["bot"])
            try await eventually { try await status("bot") == 401 }
            #expect(try await status("ant") == 200)
            try keys.write(without: ["ant"])
            try await eventually { try await status("ant") == 401 }
            #expect(try await status("bot") == 200)
        }
    }
}
