public import Configuration
public import EventLoop
internal import Markets
public import Orders
internal import Pipeline
public import ServiceKit
public import Venues

/// A chain in Redis. Settings and a seed decide landing times, drops, late landings and failures.
@ServiceActor
public final class MockChain: Chain {
    /// Time between two prunings.
    private static let pruneInterval = Duration.seconds(60)

    /// Solana's fee for one signature.
    public let networkFeeLamports: UInt64 = 5000
    /// The mock has its signature at once.
    public let signsAtOnce = true
    /// The seed of all draws. All executors agree on it before the first order.
    var seed: UInt64 = 0 {
        didSet {
            client.ledger = Self.ledger(settings, seed: seed, process)
            board.begin(seed: seed)
        }
    }
    private let board: MarketBoard
    private let process: ServiceProcess
    private let settings: ChainSettings
    private let client: MockChainClient
    private let follower = TransactionFollower()

    /// A chain with its settings. Throws if the lists of tokens and pools cannot be used.
    public convenience init(_ settings: ChainSettings, process: ServiceProcess) throws(StartError) {
        // Quotes of live venues come from pools whose depth is not known here.
        let pools = settings.venues == .mock ? try MarketFiles.load(settings.files, log: process.log).pools.pools : []
        self.init(settings, board: MarketBoard(pools, settings: settings.market, process: process), process: process)
    }

    init(_ settings: ChainSettings, board: MarketBoard, process: ServiceProcess) {
        self.board = board
        self.process = process
        self.settings = settings
        client = MockChainClient(ledger: Self.ledger(settings, seed: 0, process), board: board)
    }

    private static func ledger(_ settings: ChainSettings, seed: UInt64, _ process: ServiceProcess) -> ChainLedger {
        let options = ChainOptions(
            seed: seed, latency: settings.mock.swapLatencyMilliseconds, failurePpm: settings.mock.failureRate.partsPerMillion,
            dropPpm: settings.mock.dropRate.partsPerMillion, latePpm: settings.mock.lateRate.partsPerMillion,
            slotMilliseconds: Int(settings.market.slot.millisecondsRoundedUp), validSlots: settings.market.validSlots,
            halfLife: UInt64(settings.market.reversion.millisecondsRoundedUp))
        return ChainLedger(pipeline: process.pipeline, options: options)
    }

    /// Waits until all processes have agreed on the seed, so that all executors draw the same outcomes.
    public func prepare() async { if let agreed = await process.agreeOnSeed(settings.market) { seed = agreed } }

    /// Signs at once. The signature depends on order, leg, attempt and rests only.
    public func sign(_ order: Order, leg: Int, attempt: Int, rests: Int, quote: Quote, now: UInt64) -> SignedTransaction {
        let signature = MockSignature.make(order: order.id, leg: leg, attempt: attempt, rests: rests)
        return SignedTransaction(
            leg: leg, attempt: attempt, signature: signature,
            bytes: MockSignature.bytes(order: order, leg: leg, attempt: attempt, rests: rests, quote: quote),
            lastValidSlot: client.ledger.lastValidSlot(at: now), quote: quote,
            minOut: order.leastOut(of: quote))
    }

    /// Sends the transaction, and asks for it when its outcome is due.
    public func settle(_ transaction: SignedTransaction, order: Order) async throws -> TransactionOutcome {
        try await follower.outcome(of: transaction, order: order)
    }

    /// Follows what was sent, and prunes the ledger, until the task is cancelled.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.follow() }
            group.addTask { await self.pruneLoop() }
        }
    }

    private func follow() async { await follower.run(asking: client) }

    private func pruneLoop() async {
        while !Task.isCancelled {
            try? await sleep(for: Self.pruneInterval)
            if let now = process.heartbeat.clock.now { try? await client.ledger.prune(retention: settings.mock.retention, now: now) }
        }
    }
}
