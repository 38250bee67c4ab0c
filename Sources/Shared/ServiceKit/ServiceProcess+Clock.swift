internal import EventLoop
internal import Observability
internal import Pipeline

extension ServiceProcess {
    /// A smaller difference comes from the wait for the next heartbeat, or is about to close.
    private static let minSetBack = Duration.seconds(1)

    /// Shows that the clock of Redis was set back: the operator must know what the engine cannot make up for.
    func watchClock() {
        metrics.observe(
            .gauge, "redis_clock_set_back_seconds", help: "By how much Redis' clock is behind the time that the engine goes by."
        ) { [heartbeat] in
            ServiceActor.assume(heartbeat) { $0.setBack.seconds }
        }
        heartbeat.onBeat = { [unowned self] in
            let isSetBack = heartbeat.setBack >= Self.minSetBack
            if isSetBack {
                log.limited(.warning, "redis.clock_set_back", every: .seconds(60), ["by_ms": .milliseconds(heartbeat.setBack)])
            } else if pipeline.isClockSetBack {
                log.info("redis.clock_right_again")
            }
            pipeline.isClockSetBack = isSetBack
        }
    }
}
