// The engine's HTTP API. Whatever goes wrong comes back as an ApiError with one sentence for a person.

/** Codes of a 503 that is the engine's considered answer: to ask again at once would change nothing. */
const CONSIDERED = new Set(["PAUSED", "OVERLOADED"]);

export class ApiError extends Error {
    /** `away`: nothing came back, or only the edge's word that nobody is behind it. `errors`: what is wrong with which field. */
    constructor(message, { status = 0, code = "UNREACHABLE", errors = [], away = false } = {}) {
        super(message);
        this.status = status;
        this.code = code;
        this.errors = errors;
        this.away = away;
    }
}

async function request(path, { method = "GET", body, headers = {}, signal, timeout = 8000, accept = [] } = {}) {
    const limit = AbortSignal.timeout(timeout);
    const combined = signal ? AbortSignal.any([signal, limit]) : limit;
    let answer, text;
    try {
        answer = await fetch(path, { method, body, headers: { Accept: "application/json", ...headers }, signal: combined, cache: "no-store" });
        text = await answer.text();
    } catch (problem) {
        if (signal?.aborted) throw problem;
        if (limit.aborted) throw new ApiError(`No answer within ${timeout / 1000} seconds.`, { code: "TIMEOUT", away: true });
        throw new ApiError("The engine can't be reached.", { away: true });
    }
    let content;
    try {
        content = JSON.parse(text);
    } catch {
        throw new ApiError(`The answer was not understood (HTTP ${answer.status}).`, { status: answer.status, code: "NOT_JSON", away: true });
    }
    if (answer.ok || accept.includes(answer.status)) return content;
    throw new ApiError(content.error ?? `HTTP ${answer.status}`, {
        status: answer.status, code: content.code, errors: content.errors,
        away: (answer.status === 503 && !CONSIDERED.has(content.code)) || answer.status === 504,
    });
}

function query(values) {
    return new URLSearchParams(Object.entries(values).filter(([, value]) => value !== "" && value !== null && value !== undefined));
}

export const api = {
    tokens: () => request("/api/tokens"),
    pools: () => request("/api/pools"),
    quotes: (values, signal) => request(`/api/quotes?${query(values)}`, { signal }),
    place: (order, key) => request("/api/orders/execute", {
        method: "POST", body: JSON.stringify(order), headers: { "Content-Type": "application/json", "Idempotency-Key": key },
    }),
    order: (id, signal) => request(`/api/orders/${encodeURIComponent(id)}`, { signal }),
    events: (id, after, signal) => request(`/api/orders/${encodeURIComponent(id)}/events?${query({ after })}`, { signal }),
    cancel: (id) => request(`/api/orders/${encodeURIComponent(id)}`, { method: "DELETE" }),
    orders: (values, signal) => request(`/api/orders?${query(values)}`, { signal }),
    streams: (signal) => request("/api/streams", { signal }),
    health: (signal) => request("/health", { signal, accept: [503] }),
    deadLetters: (signal) => request("/api/dead-letters?limit=50", { signal }),
    retryLetter: (id) => request(`/api/dead-letters/${encodeURIComponent(id)}/retry`, { method: "POST" }),
    dropLetter: (id) => request(`/api/dead-letters/${encodeURIComponent(id)}`, { method: "DELETE" }),
};

/** A key that makes a repeated POST the same order. Not randomUUID: that exists only under https and on localhost. */
export function idempotencyKey() {
    return "console-" + Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
