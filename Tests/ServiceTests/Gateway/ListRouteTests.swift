import Configuration
import EventLoop
import JSON
import Orders
import Storage
import TestOrders
import TestSupport
import Testing

@testable import Pipeline

/// Tests lists for clients that ask again and again.
@Suite(.onLoop) @ServiceActor
struct ListRouteTests {
    @Test func `a list in summary has what a row needs, with the names and values of the whole, in a third of its size`() async throws {
        try await withStore { store, database in
            let order = Samples.order(user: "ann")
            try await store.save(order, eventsOfSuccess(order.id))
            try await withGateway(["DATABASE_URL": database]) { _, http in
                try await eventually { try await http.get("/api/orders").status == 200 }
                let (whole, short) = (try await http.get("/api/orders?view=full"), try await http.get("/api/orders?view=summary"))
                #expect(try await http.get("/api/orders").body == whole.body)
                #expect(short.body.utf8.count * 3 < whole.body.utf8.count, "\(short.body.utf8.count) of \(whole.body.utf8.count) bytes")
                let (row, all) = (try #require(short["orders"]?.array?.first), try #require(whole["orders"]?.array?.first))
                for name in [
                    "id", "orderId", "tokenIn", "tokenOut", "amountInDecimal", "status", "userId", "chosenDex", "amountOutDecimal",
                    "realisedSlippageBps", "attempts",
                    "lastError", "createdAt", "updatedAt",
                ] { #expect(row[name] != nil && row[name]?.serialized == all[name]?.serialized, "\(name)") }
                #expect(row["quotes"] == nil && row["logs"] == nil)
                let refused = try await http.get("/api/orders?view=short")
                #expect(refused.status == 400 && refused["errors"]?.array?.first?["field"]?.string == "view")
            }
        }
    }

    @Test func `what has not changed is not sent again to who names what they have, also when a proxy has weakened its validator`() async throws {
        try await withStore { store, database in
            try await withGateway(["DATABASE_URL": database]) { _, http in
                try await eventually { try await http.get("/api/orders").status == 200 }
                for path in ["/api/orders", "/api/tokens", "/api/pools"] {
                    let first = try await http.get(path)
                    let tag = try #require(first.header("ETag"))
                    #expect(tag.hasPrefix("W/\"") && first.header("Cache-Control") == "no-cache")
                    for known in [tag, "\"other\", \(tag)", String(tag.dropFirst(2)), "*"] {
                        let again = try await http.get(path, "If-None-Match: \(known)")
                        #expect(again.status == 304 && again.body.isEmpty && again.header("ETag") == tag)
                    }
                    #expect(try await http.get(path, "If-None-Match: \"other\"").body == first.body)
                }
                let empty = try #require(try await http.get("/api/orders").header("ETag"))
                let order = Samples.order()
                try await store.save(order, [eventsOfSuccess(order.id)[0]])
                #expect(try await http.get("/api/orders", "If-None-Match: \(empty)").status == 200)
            }
        }
    }
}
