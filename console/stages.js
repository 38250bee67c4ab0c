// The four stages of the pipeline, from the answers of /api/streams and /health.

const STAGES = [
    { key: "gateway", name: "Gateway", does: "accepts orders" },
    { key: "router", name: "Router", does: "compares venues", stream: "accepted", waits: "order" },
    { key: "executor", name: "Executor", does: "swaps", stream: "routed", waits: "order" },
    { key: "notifier", name: "Notifier", does: "stores and streams events", stream: "events", waits: "event" },
];

const sum = (groups, field) => groups.reduce((total, group) => total + (group[field] ?? 0), 0);
const highest = (groups, field) => groups.reduce((top, group) => Math.max(top, group[field] ?? 0), 0);

/**
 * The stages. Partitions of a stream count as one: backlogs are added, ages are the oldest's. While Redis is down (`streams` null) nothing is known.
 */
export function stagesOf(streams, health) {
    if (!streams) return STAGES.map((stage) => ({ ...stage, replicas: null }));
    return STAGES.map((stage) => {
        const replicas = health.services?.[stage.key]?.alive ?? 0;
        const groups = streams.streams.filter((stream) => stream.stream === stage.stream).flatMap((stream) => stream.groups);
        const drains = groups.map((group) => group.drainSeconds).filter((seconds) => seconds !== null && seconds !== undefined);
        return {
            ...stage, replicas,
            waiting: sum(groups, "lag"), isLowerBound: groups.some((group) => group.lagKnown === false),
            inHand: sum(groups, "pending"), rate: sum(groups, "deliveredPerSecond"),
            waitingMs: highest(groups, "oldestWaitingMs"), inHandMs: highest(groups, "oldestPendingMs"),
            drainMs: drains.length > 0 ? Math.max(...drains) * 1000 : null,
        };
    });
}
