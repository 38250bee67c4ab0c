internal import Configuration
internal import EventLoop

/// Listens to sharded channels of a cluster, each at the master that has its slot: on one connection to each such master.
///
/// It follows a slot that moves, and a replica that takes over. `onReturn` tells that messages may have been missed meanwhile.
@ServiceActor
final class ClusterSubscriber {
    /// How often a channel follows the answers of nodes in a row.
    private static let maxRedirections = 16
    /// How often the map is asked for.
    private static let interval = Duration.seconds(1)
    /// Channels that have found a master for so long are not looked for any more.
    private static let calm = Duration.seconds(2)

    private let topology: ClusterTopology
    private let name: String
    private var channels: [ChannelName: ShardChannel] = [:]
    private var links: [RedisURL.Host: ShardLink] = [:]
    private var running: [RedisURL.Host: Task<Void, Never>] = [:]
    /// Channels that no master has taken.
    private var astray: Set<ChannelName> = []
    private let strayed = LoopSignal()
    private let ready = Promise<Void>()
    private let closed = Promise<Void>()
    private var isRunning = false
    private var nextID = 0

    /// Called each time a channel is subscribed again.
    var onReturn: (@ServiceActor () -> Void)?
    /// Called each time a connection has ended or could not be made, or a channel was refused.
    var onFailure: (@ServiceActor (RedisError) -> Void)?

    /// The subscriber's map is up to date only while the topology is run.
    init(topology: ClusterTopology, name: String) {
        (self.topology, self.name) = (topology, name)
        topology.onMap.append { [weak self] in self?.take($0) }
    }

    var isConnected: Bool { isRunning && topology.map != nil && links.values.allSatisfy { $0.channels.isEmpty || $0.keeper.isReady } }
    var reconnects: Int { links.values.reduce(0) { $0 + max(0, $1.keeper.connects - 1) } }

    func waitUntilReady(within limit: Duration) async throws(RedisError) {
        do { try await ready.value(within: limit) } catch { throw error is DeadlineExceeded ? topology.unavailable : RedisError(waiting: error) }
    }

    /// Keeps the connections until `close`, or until the task is cancelled.
    func run() async {
        isRunning = !closed.isCompleted
        if let map = topology.map { take(map) }
        let searching = Loop.spawn { await self.search() }
        await withTaskCancellationHandler {
            _ = try? await closed.value
        } onCancel: {
            Loop.perform { self.close() }
        }
        searching.cancel()
        for task in running.values { await task.value }
        await searching.value
    }

    func close() {
        isRunning = false
        ready.fail(RedisError.closedBefore)
        closed.succeed(())
        for link in links.values { link.keeper.close() }
        for channel in channels.values { channel.close() }
    }

    func refreshMap() { topology.outdate() }

    /// Listens to a channel as `RedisSubscriber` does.
    func subscribe(_ name: ChannelName, _ onMessage: @escaping RedisSubscriber.Handler) async throws(RedisError) -> RedisSubscription {
        if closed.isCompleted { throw .closedBefore }
        guard isRunning, topology.map != nil else { throw topology.unavailable }
        let channel = channels[name] ?? open(name)
        nextID += 1
        channel.handlers[nextID] = onMessage
        let subscription = RedisSubscription { [weak self, nextID] in self?.remove(nextID, from: channel) }
        do {
            try await channel.confirmation.value(within: topology.options.commandTimeout)
            return subscription
        } catch {
            subscription.cancel()
            throw error is DeadlineExceeded ? unavailable(channel) : RedisError(waiting: error)
        }
    }

    private func unavailable(_ channel: ShardChannel) -> RedisError {
        guard let keeper = channel.link?.keeper else {
            return RedisError(.unavailable, "no master of the cluster of Redis takes the channel \(channel.name.text)")
        }
        return keeper.isReady ? RedisError(.timedOut, "Redis at \(keeper.url.endpoint) gave no reply in time") : keeper.unavailable
    }
}

// MARK: Channels

extension ClusterSubscriber {
    private func open(_ name: ChannelName) -> ShardChannel {
        let channel = ShardChannel(name)
        channels[name] = channel
        place(channel)
        return channel
    }

    private func remove(_ id: Int, from channel: ShardChannel) {
        channel.handlers[id] = nil
        guard channel.handlers.isEmpty, channels[channel.name] === channel else { return }
        channels[channel.name] = nil
        channel.move(to: nil)
    }

    private func place(_ channel: ShardChannel) {
        guard isRunning else { return }
        guard let host = topology.map?[channel.slot] else { return stray(channel) }
        channel.move(to: link(at: host))
    }

    private func stray(_ channel: ShardChannel) {
        channel.redirections = 0
        channel.move(to: nil)
        astray.insert(channel.name)
        strayed.notify()
    }

    /// Looks again and again for the masters of channels that none has taken, until the task is cancelled.
    ///
    /// Also keeps the map new: a master that has become a replica says nothing, takes channels as before, and may have missed some of their messages.
    private func search() async {
        let options = topology.options
        var backoff = Backoff(first: options.minBackoff, max: options.maxBackoff)
        var last = MonotonicInstant.now
        while let hasStrayed = try? await strayed.wait(upTo: Self.interval) {
            if !channels.isEmpty { topology.outdate() }
            guard hasStrayed else { continue }
            if last.elapsed > Self.calm { backoff.reset() }
            last = .now
            guard (try? await sleep(for: backoff.next())) != nil else { return }
            let names = astray
            astray = []
            for name in names { if let channel = channels[name], channel.link == nil { place(channel) } }
        }
    }

    private func hear(_ news: ShardLink.News, of name: ChannelName, at link: ShardLink) {
        guard let channel = channels[name], channel.link === link else { return }
        switch news {
        case .confirmed: if channel.confirm() { onReturn?() }
        case .lost: channel.lose()
        case .refused(let error): follow(error, channel, at: link)
        }
    }

    private func follow(_ error: RedisError, _ channel: ShardChannel, at link: ShardLink) {
        let redirection = Redirection(error, asked: link.host.name)
        if redirection == nil { onFailure?(error) }
        guard case .moved(let host) = redirection, channel.redirections < Self.maxRedirections else { return stray(channel) }
        channel.redirections += 1
        topology.outdate()
        channel.move(to: self.link(at: host))
    }
}

// MARK: Masters

extension ClusterSubscriber {
    private func link(at host: RedisURL.Host) -> ShardLink {
        if let link = links[host] { return link }
        let link = ShardLink(url: topology.url.node(host), host: host, name: name, options: topology.options)
        link.onMessage = { [weak self, unowned link] in self?.deliver($1, on: $0, from: link) }
        link.onNews = { [weak self, unowned link] in self?.hear($1, of: $0, at: link) }
        link.keeper.onFailure = { [weak self] error in
            self?.topology.outdate()
            self?.onFailure?(error)
        }
        links[host] = link
        running[host] = Loop.spawn { await link.run() }
        return link
    }

    private func deliver(_ payload: String, on name: ChannelName, from link: ShardLink) {
        guard let channel = channels[name], channel.link === link else { return }
        for (id, handler) in channel.handlers where channel.handlers[id] != nil { handler(payload) }
    }

    private func take(_ map: SlotMap) {
        guard isRunning else { return }
        ready.succeed(())
        for channel in channels.values {
            guard let host = map[channel.slot], channel.link?.host != host else { continue }
            // A node may know less than the master that has just confirmed the channel. The next map shows it.
            if channel.isFresh { topology.outdate() } else { channel.move(to: link(at: host)) }
        }
        for (host, link) in links where link.channels.isEmpty {
            (links[host], running[host]) = (nil, nil)
            link.keeper.close()
        }
    }
}
