// What the charts show: slices of /api/activity over the last minutes or the last hour.

const SPARE_MS = 10_000; // a slice that still grows is fetched again

export class History {
    samples = [];
    summary = null;
    #skew = 0; // the engine's clock against this machine's

    /** `seconds`: how far back the history goes. */
    constructor(seconds) {
        this.seconds = seconds;
    }

    get windowMs() {
        return this.seconds * 1000;
    }

    /** The engine's time, in ms. */
    get now() {
        return Date.now() + this.#skew;
    }

    /** The time from which to ask for slices; undefined to ask for all. */
    get from() {
        const last = this.samples.at(-1);
        return last && this.now - last.at < this.windowMs ? new Date(last.at - SPARE_MS).toISOString() : undefined;
    }

    /** Takes in an answer. Another gateway may know less, so a known slice is only replaced by a slice that this gateway has. */
    take(answer) {
        const now = Date.parse(answer.now), fresh = new Map(answer.points.map((point) => [Date.parse(point.at), point]));
        this.#skew = now - Date.now();
        const kept = this.samples.filter((sample) => !fresh.has(sample.at) && sample.at > now - this.windowMs);
        this.samples = [...kept, ...[...fresh].map(([at, point]) => sampleOf(at, point))].sort((one, other) => one.at - other.at);
        this.summary = answer.summary;
    }
}

/** A sample by the names of the stages that the streams feed. */
function sampleOf(at, { waiting, perSecond, ended, latencyMs }) {
    const byStage = ({ accepted, routed, events }) => ({ router: accepted, executor: routed, notifier: events });
    return {
        at, waiting: byStage(waiting), rate: byStage(perSecond), failed: ended.failed,
        latency: { median: latencyMs?.median ?? null, slow: latencyMs?.p95 ?? null },
    };
}
