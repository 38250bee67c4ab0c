internal import CHiredis
internal import Configuration
internal import EventLoop

/// One connection to Redis from connecting to its end. It keeps the commands in flight and their deadlines, and checks that the link is alive.
@ServiceActor
final class RedisConnection {
    private typealias Call = Waiter<RedisValue, RedisError>
    private static let maxAddresses = 8

    let url: RedisURL
    let options: RedisOptions
    /// Where the server is, for messages.
    private(set) var endpoint: String
    private let name: String
    /// Chooses which of a host's addresses is tried first, so that an address that answers but does not work is not tried first every time.
    private let turn: Int
    private var transport: RedisTransport?
    private var encoder = CommandEncoder()
    /// Whether a command of Pub/Sub was sent. Since then messages come too, which answer no command.
    private var isListening = false
    private var pending = ReplyQueue<Call>()
    private let sweeper = LoopTimer()
    private var lastSweep = MonotonicInstant.now
    private var lastReceived = MonotonicInstant.now
    private var probeSent: MonotonicInstant?
    /// How long this process has stood still while it waited for an answer. The server could not use that time.
    private var stoodStill = Duration.zero
    private let ended = Promise<RedisError>()

    /// Finds the addresses of a host within a time limit.
    var resolve: @ServiceActor (String, Duration) async throws -> [String] = { try await HostResolver.addresses(of: $0, within: $1) }
    /// Why the connection ended; nil while it has not.
    private(set) var failure: RedisError?
    /// Called with the time in seconds from a command to its reply.
    var onRoundTrip: (@ServiceActor (Double) -> Void)?
    /// Called with each message and confirmation of Pub/Sub.
    var onPush: (@ServiceActor (PubSubPush) -> Void)?
    /// Called with each error that answers a command of Pub/Sub. Without it such an error ends the connection.
    var onRefusal: (@ServiceActor (RedisError) -> Void)?
    /// Called once, when the connection ends.
    var onEnd: (@ServiceActor (RedisError) -> Void)?
    /// Sends a command that the server must answer, to check that the link is alive. The default is a PING.
    var onIdle: (@ServiceActor () -> Void)?

    /// A connection that is not open yet; `turn` is the number of this attempt.
    init(url: RedisURL, name: String, options: RedisOptions, turn: Int = 0) {
        self.url = url
        endpoint = url.endpoint
        self.name = name
        self.options = options
        self.turn = turn
    }

    /// Commands without a reply.
    var inFlight: Int { pending.count }

    /// Connects and greets the server. Throws `.unavailable`, `.rejected` or `.closed`; the connection has then ended.
    func open() async throws(RedisError) -> RedisConnectionInfo {
        do {
            try await connect()
            startSweeping()
            return try await greet(name: name)
        } catch {
            let failure = RedisError(opening: error, at: endpoint)
            close(failure)
            throw failure
        }
    }

    /// Waits until the connection has ended, and returns why.
    func waitForEnd() async -> RedisError { (try? await ended.value) ?? .cancelled }

    /// Ends the connection. Commands in flight fail with `reason`. Does nothing if the connection has already ended.
    func close(_ reason: RedisError) {
        guard failure == nil else { return }
        failure = reason
        sweeper.stop()
        for call in pending.removeAll() { call.complete(.failure(reason)) }
        transport?.close()
        transport = nil
        ended.succeed(reason)
        onEnd?(reason)
    }

    private func connect() async throws {
        switch url.place {
        case .host(let host): try await connect(to: host)
        case .socket(let path): try await connect(to: .path(path), tls: nil, within: options.connectTimeout)
        case .sentinels(let sentinels, let name):
            // If it is the wrong one, they are asked again for the next attempt.
            let master = try await SentinelLookup(url: url, options: options).master(of: name, from: sentinels)
            endpoint = master.description
            try await connect(to: master)
        case .cluster(let hosts):
            let node = hosts[turn % hosts.count]
            endpoint = node.description
            try await connect(to: node)
        }
    }

    /// Tries the addresses of the host one after the other. Each has a share of the time, so that a silent address leaves time for the next.
    private func connect(to host: RedisURL.Host) async throws {
        let addresses = try await resolve(host.name, options.connectTimeout).prefix(Self.maxAddresses)
        var reason = RedisError(.unavailable, "\(host.name) has no address")
        for index in addresses.indices {
            let address = addresses[(index + turn % addresses.count) % addresses.count]
            do {
                return try await connect(
                    to: .address(address, port: host.port), tls: try secured(for: host.name), within: options.connectTimeout / addresses.count)
            } catch {
                if let failure { throw failure }
                try Task.checkCancellation()
                reason = RedisError(opening: error, at: endpoint)
            }
        }
        throw reason
    }

    private func connect(to destination: RedisSocket.Destination, tls: TLSSession?, within limit: Duration) async throws {
        if let failure { throw failure }
        let transport = try RedisTransport(to: destination, tls: tls, endpoint: endpoint)
        // These closures keep the connection alive while replies may come. The transport drops them at its end.
        transport.onReceive = { self.received() }
        transport.onReply = { self.receive($0) }
        transport.onEnd = { [unowned transport] in if transport.isConnected { self.close($0) } }
        self.transport = transport
        do {
            try await transport.opened.value(within: limit)
        } catch {
            transport.close()
            throw error
        }
    }

    /// The TLS of a new connection to a host; nil if the URL asks for none.
    private func secured(for host: String) throws(RedisError) -> TLSSession? {
        guard url.isSecure else { return nil }
        return try TLSSession(try TLSContext.with(options.tls), host: host)
    }
}

// MARK: Commands

extension RedisConnection {
    /// Sends a command and waits for its reply.
    func send(_ command: [String], timeout: Duration? = nil) async throws(RedisError) -> RedisValue {
        try admit(1)
        let call = Call()
        try submit(command, timeout: timeout ?? options.commandTimeout, for: call)
        return try await call.value(orWhenCancelled: .cancelled)
    }

    /// Sends commands, then waits for their replies. The task seldom waits more than once, because the replies come together.
    func send(all commands: [[String]], timeout: Duration? = nil) async throws(RedisError) -> [Result<RedisValue, RedisError>] {
        try admit(commands.count)
        let calls = commands.map { _ in Call() }
        for (call, command) in zip(calls, commands) { try submit(command, timeout: timeout ?? options.commandTimeout, for: call) }
        var replies: [Result<RedisValue, RedisError>] = []
        replies.reserveCapacity(calls.count)
        for call in calls { replies.append(await call.outcome(orWhenCancelled: .cancelled)) }
        return replies
    }

    private func admit(_ count: Int) throws(RedisError) {
        if Task.isCancelled { throw .cancelledBefore }
        guard pending.count + count <= options.maxInFlight else {
            throw RedisError(.overloaded, "\(pending.count) commands are in flight to Redis, no more are allowed")
        }
    }

    /// Sends a command of Pub/Sub. Its answers go to `onPush`. Returns false if the connection has ended.
    @discardableResult
    func sendPubSub(_ command: [String]) -> Bool {
        guard let transport else { return false }
        isListening = true
        return encoder.withEncoded(command) { transport.send($0) }
    }

    /// Notes that the server must answer something that is not in the queue.
    func expectAnswer() {
        guard probeSent == nil else { return }
        if pending.count == 0 { stoodStill = .zero }
        probeSent = .now
    }

    private func submit(_ command: [String], timeout: Duration, for call: Call?) throws(RedisError) {
        if let failure { throw RedisError(.unavailable, "there is no connection any more: \(failure)", words: failure.words) }
        guard let transport else { throw RedisError(.unavailable, "there is no connection to Redis at \(endpoint)") }
        guard encoder.withEncoded(command, { transport.send($0) }) else {
            throw RedisError(.unavailable, "the connection to Redis at \(endpoint) is ending")
        }
        let now = MonotonicInstant.now
        if pending.count == 0 && probeSent == nil { stoodStill = .zero }
        pending.append(ReplyQueue.Entry(call: call, sent: now, deadline: now + timeout))
    }

    private func receive(_ reply: UnsafePointer<redisReply>) {
        if isListening, let push = PubSubPush(reply) {
            onPush?(push)
            return
        }
        guard let entry = pending.removeOldest() else { return refuse(reply) }
        guard let call = entry.call else { return }
        onRoundTrip?(Double(lastReceived.nanoseconds &- entry.sent.nanoseconds) / 1e9)
        if chiredis_reply_kind(reply) == CHIREDIS_ERROR {
            let error = RedisError(reply: RedisValue.repairedText(of: reply))
            call.complete(.failure(error))
            if error.endsConnection { close(RedisError(givingUp: endpoint, after: error)) }
        } else {
            call.complete(.success(RedisValue(reply)))
        }
    }

    /// Takes a reply that answers no command of a caller. It ends the connection. An error says why: too many clients, or no right to a channel.
    private func refuse(_ reply: UnsafePointer<redisReply>) {
        guard chiredis_reply_kind(reply) == CHIREDIS_ERROR else {
            return close(RedisError(.protocolViolation, "Redis at \(endpoint) has answered what nobody asked"))
        }
        let answer = RedisError(reply: RedisValue.repairedText(of: reply))
        if let onRefusal { return onRefusal(answer) }
        close(RedisError(answer.code, "Redis at \(endpoint): \(answer.message)", words: answer.words))
    }
}

// MARK: Deadlines and liveness

extension RedisConnection {
    private static let sweepInterval = Duration.milliseconds(50)
    private static let extraPatience = Duration.milliseconds(500)
    private static let stall = Duration.milliseconds(500)

    private func startSweeping() {
        received()
        lastSweep = .now
        // The timer does not outlive the connection.
        sweeper.start(after: Self.sweepInterval, every: Self.sweepInterval) { [unowned self] in sweep() }
    }

    private func received() {
        lastReceived = .now
        probeSent = nil
        stoodStill = .zero
    }

    private func sweep() {
        let now = MonotonicInstant.now
        defer { lastSweep = now }
        if now - lastSweep > Self.stall {
            // The replies may already be in the socket. They are read before the next sweep.
            stoodStill += now - lastSweep
            return
        }
        for call in pending.takeExpired(at: now) { call.complete(.failure(RedisError(.timedOut, "Redis at \(endpoint) gave no reply in time"))) }
        if let waitingSince = pending.oldest?.sent ?? probeSent {
            let limit = pending.oldest.map { max(options.commandTimeout, $0.deadline - $0.sent) } ?? options.commandTimeout
            guard now - max(waitingSince, lastReceived) - stoodStill > limit + Self.extraPatience else { return }
            close(RedisError(.connectionLost, "Redis at \(endpoint) has gone silent"))
        } else if now - lastReceived >= options.pingInterval {
            probe()
        }
    }

    private func probe() {
        if let onIdle { return onIdle() }
        // No caller waits for this PING. Its reply shows that the link is alive; without a reply the connection ends.
        _ = try? submit(["PING"], timeout: options.commandTimeout, for: nil)
    }
}
