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
    private let name: String
    /// Chooses which of a host's addresses is tried first, so that an address that answers but does not work is not tried first every time.
    private let turn: Int
    private var transport: RedisTransport?
    private var encoder = CommandEncoder()
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
    /// Called once, when the connection ends.
    var onEnd: (@ServiceActor (RedisError) -> Void)?
    /// Sends a command that the server must answer, to check that the link is alive. The default is a PING.
    var onIdle: (@ServiceActor () -> Void)?

    /// A connection that is not open yet; `turn` is the number of this attempt.
    init(url: RedisURL, name: String, options: RedisOptions, turn: Int = 0) {
        self.url = url
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
            let failure = RedisError(opening: error, at: url)
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

    /// Tries the addresses of the host one after the other. Each has a share of the time, so that a silent address leaves time for the next.
    private func connect() async throws {
        let addresses = try await resolve(url.host, options.connectTimeout).prefix(Self.maxAddresses)
        var reason = RedisError(.unavailable, "\(url.host) has no address")
        for index in addresses.indices {
            do {
                return try await connect(
                    to: addresses[(index + turn % addresses.count) % addresses.count], within: options.connectTimeout / addresses.count)
            } catch {
                if let failure { throw failure }
                try Task.checkCancellation()
                reason = RedisError(opening: error, at: url)
            }
        }
        throw reason
    }

    private func connect(to address: String, within limit: Duration) async throws {
        if let failure { throw failure }
        guard let port = UInt16(exactly: url.port) else { throw RedisError(.unavailable, "\(url.endpoint) has no such port") }
        let transport = try RedisTransport(address: address, port: port, endpoint: url.endpoint)
        // These closures keep the connection alive while hiredis may call back. The transport drops them at its end.
        transport.onReceive = { self.received() }
        transport.onEnd = { [unowned transport] in if transport.isConnected { self.close($0) } }
        self.transport = transport
        do {
            try await transport.opened.value(within: limit)
        } catch {
            transport.close()
            throw error
        }
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
        let owner = Unmanaged.passUnretained(self).toOpaque()
        return encoder.withEncoded(command) { transport.send($0, onPush(_:_:_:), owner) }
    }

    /// Notes that the server must answer something that is not in the queue.
    func expectAnswer() {
        guard probeSent == nil else { return }
        if pending.count == 0 { stoodStill = .zero }
        probeSent = .now
    }

    private func submit(_ command: [String], timeout: Duration, for call: Call?) throws(RedisError) {
        if let failure { throw RedisError(.unavailable, "there is no connection any more: \(failure)", words: failure.words) }
        guard let transport else { throw RedisError(.unavailable, "there is no connection to Redis at \(url.endpoint)") }
        let owner = Unmanaged.passUnretained(self).toOpaque()
        guard encoder.withEncoded(command, { transport.send($0, onReply(_:_:_:), owner) }) else {
            throw RedisError(.unavailable, "the connection to Redis at \(url.endpoint) is ending")
        }
        let now = MonotonicInstant.now
        if pending.count == 0 && probeSent == nil { stoodStill = .zero }
        pending.append(ReplyQueue.Entry(call: call, sent: now, deadline: now + timeout))
    }

    fileprivate func receive(_ reply: UnsafePointer<redisReply>) {
        guard let entry = pending.removeOldest(), let call = entry.call else { return }
        onRoundTrip?(Double(lastReceived.nanoseconds &- entry.sent.nanoseconds) / 1e9)
        if chiredis_reply_kind(reply) == CHIREDIS_ERROR {
            let error = RedisError(reply: RedisValue.repairedText(of: reply))
            call.complete(.failure(error))
            if error.endsConnection { close(RedisError(givingUp: url.endpoint, after: error)) }
        } else {
            call.complete(.success(RedisValue(reply)))
        }
    }

    fileprivate func receivePush(_ reply: UnsafePointer<redisReply>) { PubSubPush(reply).map { onPush?($0) } }
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
        for call in pending.takeExpired(at: now) { call.complete(.failure(RedisError(.timedOut, "Redis at \(url.endpoint) gave no reply in time"))) }
        if let waitingSince = pending.oldest?.sent ?? probeSent {
            let limit = pending.oldest.map { max(options.commandTimeout, $0.deadline - $0.sent) } ?? options.commandTimeout
            guard now - max(waitingSince, lastReceived) - stoodStill > limit + Self.extraPatience else { return }
            close(RedisError(.connectionLost, "Redis at \(url.endpoint) has gone silent"))
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

// A nil reply means that the connection is ending. `close` tells the callers.

private func onReply(_: UnsafeMutablePointer<redisAsyncContext>?, _ reply: UnsafeMutableRawPointer?, _ owner: UnsafeMutableRawPointer?) {
    guard let reply, let owner else { return }
    ServiceActor.assume((reply, owner)) { reply, owner in
        Unmanaged<RedisConnection>.fromOpaque(owner).takeUnretainedValue().receive(reply.assumingMemoryBound(to: redisReply.self))
    }
}

private func onPush(_: UnsafeMutablePointer<redisAsyncContext>?, _ reply: UnsafeMutableRawPointer?, _ owner: UnsafeMutableRawPointer?) {
    guard let reply, let owner else { return }
    ServiceActor.assume((reply, owner)) { reply, owner in
        Unmanaged<RedisConnection>.fromOpaque(owner).takeUnretainedValue().receivePush(reply.assumingMemoryBound(to: redisReply.self))
    }
}
