import EventLoop
import Orders
import Storage
import TestSupport
import Testing

@Suite(.onLoop) @ServiceActor
struct RetentionTests {
    @Test func `an order whose old events are gone still shows all but its log`() async throws {
        try await withStore { store, pool in
            let (filled, open) = (OrderLife.filled(), OrderLife())
            try await store.append(filled.stored + open.stored)
            #expect(try await store.deleteEvents(olderThan: .seconds(3600 * 24 * 36_500), limit: 100) == 0)
            var deleted = 0
            while case let count = try await store.deleteEvents(olderThan: .zero, limit: 2), count > 0 { deleted += count }
            let found = try #require(try await store.order(filled.order.id))
            #expect(found.events.count == filled.events.count - deleted && deleted > 0)
            let (left, whole) = (OrderView(order: found.order, events: found.events), OrderView(order: filled.order, events: filled.events))
            #expect(left.status == whole.status && left.quotes == whole.quotes && left.chosenDex == whole.chosenDex)
            #expect(left.txHash == whole.txHash && left.executedPrice == whole.executedPrice && left.amountOut == whole.amountOut)
            #expect(left.attempts == whole.attempts && left.lastError == whole.lastError && left.updatedAt == whole.updatedAt)
            let kept = try await store.events(of: open.order.id, after: 0)
            #expect(kept?.count == 1)
        }
    }
}
