internal import EventLoop
internal import Observability
internal import Pipeline

/// Shows the last lag sample as metrics. They have redis_exporter's names and labels, so that its dashboards fit, and some of the engine's own.
///
/// Only gateways have these metrics, and each gateway has all of them: over several gateways the maximum is the value, never the sum. While Redis
/// does not answer there is no value, because an old one would look like a healthy pipeline.
@ServiceActor
struct LagMetrics {
    private typealias Group = StreamLag.Group
    private let database: String
    private let lag: LagSampler

    /// - Parameter database: the number of the Redis database, for the label that redis_exporter uses.
    init(lag: LagSampler, database: Int) {
        self.lag = lag
        self.database = "db\(database)"
    }

    func register(in metrics: MetricsRegistry) {
        metrics.observe(
            .gauge, "redis_stream_length", help: "Entries in a stream, finished ones that were not trimmed yet included.", by: ["db", "stream"]
        ) { [lag, database] in
            ServiceActor.assume(lag) { lag in
                (lag.fresh?.streams ?? []).map { Observation(Double($0.length), labels: [database, $0.key]) }
            }
        }
        each(metrics, "lag", "Entries never delivered to the group; the least where lag_known is 0.") { Double($0.lag) }
        each(metrics, "lag_known", "1 where the lag is all, 0 where Redis does not know and 200 or more wait.") { $0.lagKnown ? 1 : 0 }
        each(metrics, "messages_pending", "Entries delivered to the group and not acknowledged.") { Double($0.pending) }
        each(metrics, "consumers", "Consumers that Redis has in the group, gone ones included until they are removed.") {
            Double($0.knownConsumers)
        }
        each(metrics, "consumers_alive", "Processes with a heartbeat that serve the group.") { Double($0.consumers) }
        each(metrics, "entries_read", "Entries delivered to the group since the stream began; none where Redis does not know.") {
            $0.entriesRead.map(Double.init)
        }
        each(metrics, "oldest_waiting_seconds", "Age of the oldest entry never delivered to the group.") { Double($0.oldestWaitingMs) / 1000 }
        each(metrics, "oldest_pending_seconds", "Age of the oldest entry delivered to the group and not acknowledged.") {
            Double($0.oldestPendingMs) / 1000
        }
        each(metrics, "delivery_rate", "Entries delivered to the group a second.") { $0.deliveredPerSecond }
        each(metrics, "drain_seconds", "Time until nothing waits at the present rate; none where nothing moves.") { $0.drainSeconds }
        whole(metrics, "order_retries_waiting", "Retries that wait, due ones included.") { $0.retriesWaiting }
        whole(metrics, "order_retries_due", "Retries whose time has come and that nobody has handed back yet.") { $0.retriesDue }
        whole(metrics, "dead_letters_waiting", "Dead letters that wait for a person.") { $0.deadLetters }
        whole(metrics, "intake_paused", "1 while an operator lets no new orders in.") { $0.pause == nil ? 0 : 1 }
    }

    private func each(_ metrics: MetricsRegistry, _ name: String, _ help: String, _ value: @escaping @Sendable (Group) -> Double?) {
        metrics.observe(.gauge, "redis_stream_group_\(name)", help: help, by: ["db", "stream", "group"]) { [lag, database] in
            ServiceActor.assume(lag) { lag in
                (lag.fresh?.streams ?? []).flatMap { stream in
                    stream.groups.compactMap { group in value(group).map { Observation($0, labels: [database, stream.key, group.name]) } }
                }
            }
        }
    }

    private func whole(_ metrics: MetricsRegistry, _ name: String, _ help: String, _ value: @escaping @Sendable (PipelineLag) -> Int) {
        metrics.observe(.gauge, name, help: help) { [lag] in
            ServiceActor.assume(lag) { $0.fresh.map { Double(value($0)) } }
        }
    }
}
