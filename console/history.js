// What the charts show: samples of the last minutes, and the latency of the orders that ended between two of them.

import { FINAL } from "./format.js";

export const WINDOW_MS = 5 * 60_000;

export class History {
    samples = [];
    #ended = new Map(); // id of an order whose end was counted -> when that was
    #fresh = []; // ms each from acceptance to end, since the last sample

    add(at, stages) {
        const pick = (field) => Object.fromEntries(stages.map((stage) => [stage.key, stage[field]]));
        this.samples.push({ at, waiting: pick("waiting"), rate: pick("rate"), latency: this.#takeLatency() });
        this.samples = this.samples.filter((sample) => at - sample.at <= WINDOW_MS);
    }

    /** Orders as a list shows them. What ended before the page was opened is not of these minutes and counts for nothing. */
    take(orders, since) {
        for (const order of orders) {
            if (!FINAL.has(order.status) || this.#ended.has(order.id)) continue;
            const end = Date.parse(order.updatedAt);
            this.#ended.set(order.id, end);
            if (end >= since) this.#fresh.push(end - Date.parse(order.createdAt));
        }
        if (this.#ended.size > 5000) this.#ended = new Map([...this.#ended].slice(-1000));
    }

    #takeLatency() {
        if (this.#fresh.length === 0) return { median: null, slow: null };
        const sorted = this.#fresh.sort((one, other) => one - other);
        this.#fresh = [];
        const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
        return { median: at(0.5), slow: at(0.95) };
    }
}
