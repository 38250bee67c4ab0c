// The events of one order, live, each once and in order. A lost socket is opened again after the last event that was seen.

import { socketAddress } from "./api.js";
import { FINAL } from "./format.js";
import { session } from "./session.js";

const SLOWEST = 15000, BY_HTTP_MS = 2000;
const HOPELESS = new Set(["BAD_REQUEST", "FORBIDDEN", "UNKNOWN_ORDER"]);
const NO_KEY = 4401; // the close code

/**
 * Calls `event(event)` for each event, and `state(name, detail)` when the connection's state changes: `connecting`, `live`, `waiting` (with the ms
 * until the next try), `done`, `refused` (with a sentence). While sockets fail, it asks for the events by HTTP. So behind a proxy without WebSockets
 * everything works, only more slowly.
 */
export function follow(id, { api, event, state }) {
    let seen = 0, socket = null, timer = null, failures = 0, stopped = false, asking = false;
    const abort = new AbortController();

    function take(message) {
        if (message.seq <= seen) return;
        seen = message.seq;
        event(message);
        if (FINAL.has(message.status)) finish("done");
    }

    function finish(name, detail) {
        if (stopped) return;
        stop();
        state(name, detail);
    }

    function stop() {
        stopped = true;
        clearTimeout(timer);
        abort.abort();
        removeEventListener("online", connect);
        socket?.close();
    }

    function connect() {
        if (stopped || socket) return;
        clearTimeout(timer);
        state("connecting");
        const key = session.key();
        socket = new WebSocket(socketAddress("v1/stream"));
        // a browser sets no headers of a socket, and an address is no place for a key
        socket.onopen = () => (key ? send({ op: "auth", key }) : subscribe());
        socket.onmessage = ({ data }) => hear(JSON.parse(data));
        socket.onclose = ({ code }) => {
            socket = null;
            if (stopped) return;
            if (code === NO_KEY) api.confirm();
            later();
        };
    }

    function send(frame) {
        socket.send(JSON.stringify(frame));
    }

    function subscribe() {
        send({ op: "subscribe", orderId: id, after: seen });
    }

    function hear(frame) {
        if (stopped) return;
        if (frame.op === "authenticated") subscribe();
        else if (frame.op === "event") take(frame.event);
        else if (frame.op === "subscribed") live();
        else if (frame.op === "error" && HOPELESS.has(frame.code)) finish("refused", frame.message);
    }

    function live() {
        failures = 0;
        state("live");
    }

    function later() {
        const wait = Math.min(SLOWEST, 500 * 2 ** Math.min(failures, 6)) * (1 + Math.random() / 4);
        failures += 1;
        state("waiting", wait);
        timer = setTimeout(connect, wait);
        if (failures > 1 && !asking) askByHTTP();
    }

    async function askByHTTP() {
        asking = true;
        while (!stopped && failures > 0) {
            try {
                for (const missed of (await api.events(id, seen, abort.signal)).events) {
                    if (!stopped) take(missed);
                }
            } catch {
                // another part of the page says that the engine is away; the next turn tries again
            }
            await new Promise((done) => setTimeout(done, BY_HTTP_MS));
        }
        asking = false;
    }

    addEventListener("online", connect);
    connect();
    return { stop };
}
