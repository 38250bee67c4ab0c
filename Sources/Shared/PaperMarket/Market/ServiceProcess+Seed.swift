public import Configuration
internal import EventLoop
internal import Observability
internal import Pipeline
public import ServiceKit

extension ServiceProcess {
    /// The seed of all random draws: the one in the settings, or the one that all processes agree on. Tries until Redis answers; nil if the task is
    /// cancelled first.
    public func agreeOnSeed(_ settings: MockMarketSettings) async -> UInt64? {
        let proposal = settings.seed ?? UInt64.random(in: .min ... .max)
        var backoff = Backoff(first: .milliseconds(50), max: .seconds(2))
        while !Task.isCancelled {
            if let agreed = try? await pipeline.agree(on: "seed", String(proposal)), let common = UInt64(agreed) {
                let seed = settings.seed ?? common
                log.info("chain.seeded", ["seed": .string(String(seed))])
                return seed
            }
            try? await sleep(for: backoff.next())
        }
        return nil
    }
}
