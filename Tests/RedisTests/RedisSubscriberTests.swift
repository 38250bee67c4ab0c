import Configuration
import EventLoop
import Redis
import TestSupport
import Testing

@Suite(.onLoop) @ServiceActor
struct RedisSubscriberTests {
    /// Runs `body` with a subscriber and a client of the same server.
    private func withSubscriber(
        _ server: RedisServer, _ options: RedisOptions = .quick, _ body: @ServiceActor (RedisSubscriber, RedisClient) async throws -> Void
    ) async throws {
        let subscriber = RedisSubscriber(url: try #require(RedisURL(server.url)), name: "subscriber", options: options)
        try await alongside({ await subscriber.run() }, stop: { subscriber.close() }) {
            try await subscriber.connected(within: .seconds(20))
            try await withClient(server, .quick) { try await body(subscriber, $0) }
        }
    }

    @Test func `what is published after subscribing has returned arrives in order, with bad UTF-8 repaired`() async throws {
        try await withSubscriber(.shared()) { subscriber, client in
            let channel = uniqueName()
            let messages = BoundedQueue<String>(bound: 1000)
            let subscription = try await subscriber.subscribe(channel) { messages.send($0) }
            for i in 0..<100 { #expect(try await client.send(["PUBLISH", channel, "\(i)"]) == .integer(1)) }
            for i in 0..<100 { #expect(try await messages.next() == "\(i)") }
            _ = try await client.send(["EVAL", "redis.call('PUBLISH', ARGV[1], 'a' .. string.char(255))", "0", channel])
            #expect(try await messages.next() == "a\u{FFFD}")
            subscription.cancel()
        }
    }

    @Test func `two Unicode forms of one name are two channels`() async throws {
        try await withSubscriber(.shared()) { subscriber, client in
            let (composed, decomposed) = ("Jos\u{E9}", "Jose\u{301}")
            let name = uniqueName()
            let heard = BoundedQueue<String>(bound: 10)
            let subscription = try await subscriber.subscribe(name + composed) { heard.send("composed " + $0) }
            let other = try await subscriber.subscribe(name + decomposed) { heard.send("decomposed " + $0) }
            #expect(try await client.send(["PUBLISH", name + decomposed, "1"]) == .integer(1))
            #expect(try await heard.next() == "decomposed 1")
            other.cancel()
            #expect(try await client.send(["PUBLISH", name + composed, "2"]) == .integer(1))
            #expect(try await heard.next() == "composed 2")
            subscription.cancel()
        }
    }

    @Test func `listeners share one subscription, and the last to go ends it`() async throws {
        try await withSubscriber(.shared()) { subscriber, client in
            let channel = uniqueName()
            let record = Record()
            async let one = subscriber.subscribe(channel) { record.note("one " + $0) }
            async let two = subscriber.subscribe(channel) { record.note("two " + $0) }
            let (first, second) = try await (one, two)
            #expect(try await client.send(["PUBLISH", channel, "a"]) == .integer(1))
            try await eventually { record.texts.sorted() == ["one a", "two a"] }
            first.cancel()
            first.cancel()
            #expect(try await client.send(["PUBLISH", channel, "b"]) == .integer(1))
            try await eventually { record.texts.last == "two b" && record.texts.count == 3 }
            second.cancel()
            try await eventually { try await client.send(["PUBLISH", channel, "c"]) == .integer(0) }
            // Subscribing while the end of the old subscription is under way: the last word counts.
            let third = try await subscriber.subscribe(channel) { record.note("three " + $0) }
            third.cancel()
            let fourth = try await subscriber.subscribe(channel) { record.note("four " + $0) }
            #expect(try await client.send(["PUBLISH", channel, "d"]) == .integer(1))
            try await eventually { record.texts.last == "four d" && record.texts.count == 4 }
            fourth.cancel()
        }
    }

    @Test func `a listener that leaves while it is called hears nothing more`() async throws {
        try await withSubscriber(.shared()) { subscriber, client in
            let channel = uniqueName()
            let messages = BoundedQueue<String>(bound: 10)
            var own: RedisSubscription?
            own = try await subscriber.subscribe(channel) { message in
                messages.send(message)
                own?.cancel()
            }
            _ = try await client.send(["EVAL", "for i = 1, 5 do redis.call('PUBLISH', ARGV[1], i) end", "0", channel])
            #expect(try await messages.next() == "1")
            try await eventually { try await client.send(["PUBLISH", channel, "x"]) == .integer(0) }
            #expect(messages.count == 0)
        }
    }

    @Test func `thousands of channels are subscribed at once and again after a reconnect`() async throws {
        try await withRedis { server in
            try await withSubscriber(server) { subscriber, client in
                let channels = (0..<5000).map { "channel-\($0)" }
                let record = Record()
                let again = Promise<Void>()
                subscriber.onReconnect = { again.succeed(()) }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for channel in channels { group.addTask { _ = try await subscriber.subscribe(channel) { record.note($0) } } }
                    try await group.waitForAll()
                }
                try await publish(channels, client)
                try await eventually { record.texts.sorted() == channels.sorted() }
                _ = try await client.send(["CLIENT", "KILL", "TYPE", "pubsub"])
                try await again.value(within: .seconds(20))
                try await publish(channels, client)
                try await eventually { record.texts.count == 10_000 }
                #expect(subscriber.reconnects == 1)
            }
        }
    }

    private func publish(_ channels: [String], _ client: RedisClient) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for channel in channels {
                group.addTask {
                    let receivers = try await client.send(["PUBLISH", channel, channel])
                    #expect(receivers == .integer(1))
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func `a restarted server gets the channels that are still wanted, and nobody subscribes meanwhile`() async throws {
        try await withRedis { server in
            try await withSubscriber(server) { subscriber, client in
                var received: [String] = []
                let kept = try await subscriber.subscribe("kept") { received.append($0) }
                let dropped = try await subscriber.subscribe("dropped") { received.append($0) }
                let again = Promise<Void>()
                subscriber.onReconnect = { again.succeed(()) }
                try await server.kill()
                try await eventually { !subscriber.isConnected }
                #expect(await failure { try await subscriber.subscribe("new") { _ in } }?.code == .unavailable)
                dropped.cancel()
                try await server.restart()
                try await again.value(within: .seconds(20))
                try await client.connected(within: .seconds(20))
                #expect(try await client.send(["PUBLISH", "dropped", "x"]) == .integer(0))
                #expect(try await client.send(["PUBLISH", "kept", "y"]) == .integer(1))
                try await eventually { received == ["y"] }
                kept.cancel()
            }
        }
    }

    @Test func `a silent link is noticed without traffic, a live one is kept`() async throws {
        try await withRedis { server in
            try await withSubscriber(server, .impatient) { subscriber, client in
                let messages = BoundedQueue<String>(bound: 10)
                _ = try await subscriber.subscribe("c") { messages.send($0) }
                // Longer than any limit of the link: only its pings keep it.
                try await sleep(for: .milliseconds(2500))
                #expect(subscriber.reconnects == 0)
                let again = Promise<Void>()
                subscriber.onReconnect = { again.succeed(()) }
                server.freeze()
                #expect(await failure { try await subscriber.subscribe("d") { _ in } }?.outcomeUnknown == true)
                try await eventually { !subscriber.isConnected }
                server.thaw()
                try await again.value(within: .seconds(20))
                try await client.connected(within: .seconds(20))
                #expect(try await client.send(["PUBLISH", "c", "x"]) == .integer(1))
                #expect(try await messages.next() == "x")
            }
            try await eventually { connections(to: server.port) == 0 }
        }
    }
}
