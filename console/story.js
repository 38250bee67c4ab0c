// An order's story from its events, as plain data: which step it is at, its attempts, what it filled. Pure.

import { FINAL } from "./format.js";

const STEPS = ["pending", "routing", "building", "submitted", "confirmed"];

export function storyOf(events) {
    const last = events.at(-1), waits = events.some((event) => event.status === "open"), steps = waits ? ["open", ...STEPS] : STEPS;
    const waitedMs = spent(events, (status) => status === "open");
    const latest = (field) => events.findLast((event) => event[field] !== undefined)?.[field];
    return {
        last,
        final: last !== undefined && FINAL.has(last.status),
        steps,
        reached: Math.max(-1, ...events.map((event) => steps.indexOf(event.status))),
        waits,
        waitsFor: latest("waitsFor"),
        waitedMs,
        chosen: latest("chosenDex"),
        quote: latest("quote"),
        quotes: latest("quotes") ?? [],
        unavailable: latest("unavailable"),
        attempts: attemptsOf(events),
        // a split order may get a single route when it is quoted anew
        legs: events.findLast((event) => event.chosenDex !== undefined)?.legs ?? [],
        filled: latest("filled"),
        result: last?.type === "confirmed" ? last : null,
        error: last?.status === "failed" ? last.error : null,
        maxAttempts: last?.maxAttempts,
        // an order that waits for a price is not under way
        elapsedMs: spent(events, (status) => status !== "open"),
    };
}

/** How long an order was in statuses of a kind, in ms. */
function spent(events, isMeant) {
    const times = events.map((event) => Date.parse(event.timestamp));
    return times.slice(1).reduce((sum, time, index) => sum + (isMeant(events[index].status) ? time - times[index] : 0), 0);
}

/** One entry for each time that transactions were sent (one transaction, or one per leg), with the outcome. */
function attemptsOf(events) {
    const attempts = [];
    for (const event of events) {
        const open = attempts.at(-1);
        if (event.type === "submitted") {
            const sent = event.legs?.filter((leg) => leg.status === "submitted") ?? [{ txHash: event.txHash, quote: { dex: event.chosenDex } }];
            attempts.push({
                number: event.attempt, dex: sent.map((leg) => leg.quote.dex).join("+"), hashes: sent.map((leg) => leg.txHash),
                level: "busy", outcome: "waiting for the chain",
            });
        } else if (open && event.type === "failed" && event.filled && (event.legs ?? []).every((leg) => leg.status === "landed")) {
            // all that was sent has landed; `execution-failed` came before it, because the order is not filled as a whole
            Object.assign(open, { level: "good", outcome: "confirmed, a part of the order" });
        } else if (open && (event.type === "execution-failed" || event.type === "failed") && open.level === "busy") {
            Object.assign(open, { level: "critical", outcome: event.error?.message ?? event.message });
        } else if (open && event.type === "confirmed") {
            Object.assign(open, { level: "good", outcome: "confirmed" });
        }
    }
    return attempts;
}
