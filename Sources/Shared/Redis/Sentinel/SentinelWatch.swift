internal import Configuration
internal import EventLoop

/// Listens to all Sentinels for the news that a name has another master.
@ServiceActor
final class SentinelWatch {
    private static let channel = "+switch-master"

    private let name: String
    private let subscribers: [RedisSubscriber]
    /// Called with the address of the new master, and the Sentinel's words. Several Sentinels say the same.
    private let onSwitch: @ServiceActor (_ master: String, _ words: String) -> Void

    /// Nil for a URL that names no Sentinels.
    init?(url: RedisURL, options: RedisOptions, onSwitch: @escaping @ServiceActor (_ master: String, _ words: String) -> Void) {
        guard case .sentinels(let hosts, let name) = url.place else { return nil }
        self.name = name
        self.onSwitch = onSwitch
        subscribers = hosts.map { RedisSubscriber(url: url.sentinel($0), name: "sentinel-watch", options: options) }
    }

    /// Listens until the task is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            for subscriber in subscribers {
                group.addTask { await subscriber.run() }
                group.addTask { await self.listen(subscriber) }
            }
        }
    }

    private func listen(_ subscriber: RedisSubscriber) async {
        var backoff = Backoff(first: .milliseconds(100), max: .seconds(2))
        while !Task.isCancelled {
            let subscription = try? await subscriber.subscribe(Self.channel) { [weak self] in self?.hear($0) }
            // From now on the subscriber itself subscribes again after each break.
            if subscription != nil { return }
            try? await sleep(for: backoff.next())
        }
    }

    private func hear(_ words: String) {
        // The name, then host and port of the old master and of the new one.
        let parts = words.split(separator: " ")
        guard parts.count == 5, parts[0] == name, let port = UInt16(parts[4]) else { return }
        onSwitch(RedisURL.Host(String(parts[3]), port: port).description, words)
    }
}
