// The engine's HTTP API. Every problem comes back as an ApiError with one sentence for a person.

import { GONE, session } from "./session.js";

const ACCESS = "api/access";

/** Codes of a 503 that the engine gives on purpose. To ask again at once would change nothing. */
const CONSIDERED = new Set(["PAUSED", "OVERLOADED", "PRICE_UNKNOWN"]);

/** The address of a path of the engine, relative to the page: a proxy may put both below a path of its own. */
const address = (path) => new URL(path, document.baseURI);

export class ApiError extends Error {
    /**
     * `away`: nothing came back, or the edge says that no service is behind it. `uncertain`: the request may have been carried out all the same.
     * `errors`: which field is wrong, and why.
     */
    constructor(message, { status = 0, code = "UNREACHABLE", errors = [], away = false, uncertain = false } = {}) {
        super(message);
        this.status = status;
        this.code = code;
        this.errors = errors;
        this.away = away;
        this.uncertain = uncertain;
    }
}

async function request(path, { method = "GET", body, headers = {}, signal, timeout = 8000, accept = [], tagged = false, key = session.key() } = {}) {
    const limit = AbortSignal.timeout(timeout), changes = method !== "GET";
    const combined = signal ? AbortSignal.any([signal, limit]) : limit;
    let answer, text;
    try {
        // "no-cache": the server does not send again what has not changed
        const cache = changes ? "no-store" : "no-cache";
        const sent = { Accept: "application/json", ...(key && { Authorization: `Bearer ${key}` }), ...headers };
        answer = await fetch(address(path), { method, body, headers: sent, signal: combined, cache });
        text = await answer.text();
    } catch (problem) {
        if (signal?.aborted) throw problem;
        const lost = { away: true, uncertain: changes };
        if (limit.aborted) throw new ApiError(`No answer within ${timeout / 1000} seconds.`, { code: "TIMEOUT", ...lost });
        throw new ApiError("The engine can't be reached.", lost);
    }
    let content;
    try {
        content = JSON.parse(text);
    } catch {
        const sentence = `The answer was not understood (HTTP ${answer.status}).`;
        throw new ApiError(sentence, { status: answer.status, code: "NOT_JSON", away: true, uncertain: changes });
    }
    if (answer.ok || accept.includes(answer.status)) return tagged ? { content, seq: seqOf(answer) } : content;
    if (answer.status === 401 && path !== ACCESS) confirm();
    throw refusal(answer.status, content, changes);
}

/** The number in the ETag of an order. A proxy that compresses the answer writes W/"3" for "3", and means the same order. */
function seqOf(answer) {
    return answer.headers.get("ETag")?.match(/"(\d+)"/)?.[1] ?? null;
}

function refusal(status, content, changes) {
    const { error, code, errors, orderId } = content ?? {};
    const away = (status === 503 && !CONSIDERED.has(code)) || status === 502 || status === 504;
    // a 503 is a refusal, unless it names the order: then the order may have been accepted
    const uncertain = changes && away && (status !== 503 || code === "OUTCOME_UNKNOWN" || orderId !== undefined);
    return new ApiError(error ?? `HTTP ${status}`, { status, code, errors, away, uncertain });
}

/** Asks who the caller is, after a refusal. Only that answer ends the session: a process may have read an older file of keys than the others. */
async function confirm() {
    try {
        await api.access();
    } catch (problem) {
        if (problem.status === 401) session.end(session.key() === null ? null : GONE);
    }
}

function query(values) {
    return new URLSearchParams(Object.entries(values).filter(([, value]) => value !== "" && value !== null && value !== undefined));
}

export const api = {
    confirm,
    access: (options) => request(ACCESS, options),
    tokens: () => request("api/tokens"),
    pools: () => request("api/pools"),
    quotes: (values, signal) => request(`api/quotes?${query(values)}`, { signal }),
    place: (order, key) => request("api/orders/execute", {
        method: "POST", body: JSON.stringify(order), headers: { "Content-Type": "application/json", "Idempotency-Key": key },
    }),
    placePair: (pair, key) => request("api/orders/oco", {
        method: "POST", body: JSON.stringify(pair), headers: { "Content-Type": "application/json", "Idempotency-Key": key },
    }),
    order: (id, signal) => request(`api/orders/${encodeURIComponent(id)}`, { signal }),
    /** The order, and the `seq` of its newest event. */
    orderWithSeq: async (id) => {
        const { content, seq } = await request(`api/orders/${encodeURIComponent(id)}`, { tagged: true });
        return { order: content, seq };
    },
    /** Amends an order that is still as `seq` says. */
    amend: (id, changes, seq) => request(`api/orders/${encodeURIComponent(id)}`, {
        method: "PATCH", body: JSON.stringify(changes), headers: { "Content-Type": "application/json", ...(seq && { "If-Match": `"${seq}"` }) },
    }),
    events: (id, after, signal) => request(`api/orders/${encodeURIComponent(id)}/events?${query({ after })}`, { signal }),
    cancel: (id) => request(`api/orders/${encodeURIComponent(id)}`, { method: "DELETE" }),
    orders: (values, signal) => request(`api/orders?${query(values)}`, { signal }),
    activity: (values, signal) => request(`api/activity?${query(values)}`, { signal }),
    streams: (signal) => request("api/streams", { signal }),
    health: (signal) => request("health", { signal, accept: [503] }),
    deadLetters: (signal) => request("api/dead-letters?limit=50", { signal }),
    retryLetter: (id) => request(`api/dead-letters/${encodeURIComponent(id)}/retry`, {
        method: "POST", body: "{}", headers: { "Content-Type": "application/json" },
    }),
    dropLetter: (id) => request(`api/dead-letters/${encodeURIComponent(id)}`, { method: "DELETE" }),
};

/** The URL of a WebSocket of the engine. */
export function socketAddress(path) {
    const url = address(path);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    return url;
}

/** A key that makes a repeated POST the same order. It does not use randomUUID, which exists only under https and on localhost. */
export function idempotencyKey() {
    return "console-" + Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
