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
    /// Time between two reads of the status of the transactions under way.
    private static let pollInterval = Duration.milliseconds(100)
    /// Time without a trace of a transaction after which the same bytes are sent again.
    private static let resendInterval = Duration.seconds(2)
    /// Time between two prunings.
    private static let pruneInterval = Duration.seconds(60)
    /// The largest number of signatures in one read.
    private static let batch = 256
    /// The largest age of the market state for the first offer of a transaction.
    private static let oldest = Duration.milliseconds(10)
    /// With this offer the chain takes the transaction even if other swaps have moved its pools, so that many swaps cannot keep it out for ever.
    private static let maxOffers = 3

    /// Solana's fee for one signature.
    public let networkFeeLamports: UInt64 = 5000
    /// The seed of all draws. All executors agree on it before the first order.
    var seed: UInt64 = 0 {
        didSet {
            ledger = Self.ledger(settings, seed: seed, process)
            board.begin(seed: seed)
        }
    }
    private let board: MarketBoard
    private let process: ServiceProcess
    private let settings: ChainSettings
    private var ledger: ChainLedger
    private var watched: [String: Watch] = [:]

    /// A transaction that a task waits for.
    private struct Watch {
        let partition: Int
        let answer: Promise<(slot: UInt64, status: TransactionStatus)>
    }

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
        ledger = Self.ledger(settings, seed: 0, process)
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

    /// Signs at once. The signature depends on order, leg and attempt only.
    public func sign(_ order: Order, leg: Int, attempt: Int, quote: Quote, now: UInt64) -> SignedTransaction {
        let signature = MockSignature.make(order: order.id, leg: leg, attempt: attempt)
        return SignedTransaction(
            leg: leg, attempt: attempt, signature: signature, bytes: MockSignature.bytes(order: order, leg: leg, attempt: attempt, quote: quote),
            lastValidSlot: ledger.lastValidSlot(at: now), quote: quote,
            minOut: MinReceived.roundedUp(quote.amountOut, slippageBps: order.slippageBps))
    }

    /// Sends the transaction, and reads its status until the ledger knows the outcome.
    public func settle(_ transaction: SignedTransaction, order: Order) async throws -> TransactionOutcome {
        var lastSend: MonotonicInstant?
        var backoff = Backoff(first: .milliseconds(50), max: .seconds(1))
        while true {
            try Task.checkCancellation()
            do {
                if lastSend.map({ $0.elapsed >= Self.resendInterval }) ?? true {
                    // The status decides, whatever the send answers: a lost answer is not an error, and an expired transaction may have landed
                    // before.
                    try await send(transaction, order)
                    lastSend = .now
                }
                let (slot, status) = try await look(transaction.signature, partition: order.id.partition)
                switch status {
                case .landed(_, let amountOut): return .landed(amountOut: amountOut)
                case .failed(let text, let wouldBe): return .failed(Self.failure(text), wouldBe: wouldBe)
                case .sent: lastSend = .now
                case .unknown: if slot > transaction.lastValidSlot { return .expired }
                }
                backoff.reset()
            } catch is PipelineError {
                try await sleep(for: backoff.next())
            }
        }
    }

    /// The code of a recorded failure. An unknown code of a newer version counts as NETWORK: the transaction failed on the chain.
    private static func failure(_ text: String) -> FailureCode {
        let code = FailureCode(rawValue: text)
        return FailureCode.allCases.contains(code) ? code : .network
    }

    /// Offers a transaction to the chain at the present market price. Repeats it while other swaps come between.
    private func send(_ transaction: SignedTransaction, _ order: Order) async throws(PipelineError) {
        for offer in 1...Self.maxOffers {
            guard let view = await board.view(partition: order.id.partition, within: offer == 1 ? Self.oldest : .zero) else {
                throw PipelineError(.unavailable, "the state of the market cannot be read")
            }
            var terms = view.terms(of: transaction.quote, from: order.tokenIn, slippageBps: order.slippageBps)
            if offer == Self.maxOffers { terms.flows = nil }
            if try await ledger.send(transaction, order: order.id, terms: terms) != .moved { return }
        }
    }

    /// The next status of a signature, read together with all others that are waited for.
    private func look(_ signature: String, partition: Int) async throws -> (slot: UInt64, status: TransactionStatus) {
        let watch = watched[signature] ?? Watch(partition: partition, answer: Promise())
        watched[signature] = watch
        return try await watch.answer.value
    }

    /// Reads the status of all transactions that are waited for, and prunes the ledger, until the task is cancelled.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.pollLoop() }
            group.addTask { await self.pruneLoop() }
        }
    }

    private func pollLoop() async {
        while !Task.isCancelled {
            try? await sleep(for: Self.pollInterval)
            for partition in process.pipeline.partitions.map(\.partition) { await poll(partition) }
        }
    }

    private func pruneLoop() async {
        while !Task.isCancelled {
            try? await sleep(for: Self.pruneInterval)
            if let now = process.heartbeat.clock.now { try? await ledger.prune(retention: settings.mock.retention, now: now) }
        }
    }

    private func poll(_ partition: Int) async {
        let signatures = watched.filter { $0.value.partition == partition }.map(\.key)
        for start in stride(from: 0, to: signatures.count, by: Self.batch) {
            let part = Array(signatures[start..<min(start + Self.batch, signatures.count)])
            let answers = part.compactMap { watched.removeValue(forKey: $0)?.answer }
            do {
                let (slot, states) = try await ledger.status(part, partition: partition)
                for (answer, state) in zip(answers, states) { answer.succeed((slot, state)) }
            } catch {
                for answer in answers { answer.fail(error) }
            }
        }
    }
}
