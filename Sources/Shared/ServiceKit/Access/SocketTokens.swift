internal import Access
public import EventLoop
public import Orders
internal import Pipeline

/// The tokens in the URLs of sockets. Their keys are in Redis, one for each day, so that each process knows the tokens of all others.
@ServiceActor
public final class SocketTokens {
    private static let day: UInt64 = 86_400
    private static let interval = Duration.seconds(60)

    private let pipeline: OrderPipeline
    private var keys = TokenKeys()

    init(pipeline: OrderPipeline) { self.pipeline = pipeline }

    /// A token for an order; nil before the keys were read.
    public func token(for order: OrderID, goodFor life: Duration) -> String? {
        let now = WallClock.milliseconds / 1000
        return OrderToken.make(for: order, until: now + UInt64(life.millisecondsRoundedUp) / 1000, key: UInt32(now / Self.day), of: keys)
    }

    /// The order that a token lets its holder follow; nil if it is not genuine or its time is over.
    func order(of token: String) -> OrderID? { OrderToken.order(token, at: WallClock.milliseconds, keys: keys) }

    /// Reads the keys, and makes those of today and tomorrow if nobody has, until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            await refresh()
            try? await sleep(for: keys.keys.isEmpty ? .seconds(1) : Self.interval)
        }
    }

    private func refresh() async {
        let today = WallClock.milliseconds / 1000 / Self.day
        guard let found = try? await pipeline.tokenKeys(from: today, proposing: [TokenKeys.random(), TokenKeys.random()]) else { return }
        var keys = TokenKeys()
        for (number, text) in found { if let number = UInt32(number) { keys.add(number, text) } }
        self.keys = keys
    }
}
