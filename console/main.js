// Puts the parts of the page together. Each part has a module; what they share passes through here.

import { isDown, judge } from "./alarms.js";
import { api } from "./api.js";
import { createBadge } from "./badge.js";
import { createBlotter } from "./blotter.js";
import { createCharts } from "./charts.js";
import { createConnection } from "./connection.js";
import { createDeadLetters } from "./dead-letters.js";
import { byId, setText } from "./dom.js";
import { History } from "./history.js";
import { createOpenOrders } from "./open-orders.js";
import { createOrderPanel } from "./order.js";
import { createPipeline } from "./pipeline.js";
import { poll } from "./poll.js";
import { identity, signedIn } from "./sign-in.js";
import { stagesOf } from "./stages.js";
import { createTicket } from "./ticket.js";
import { titleSubject } from "./title.js";

const SLICE_MS = 5000, HOUR_EVERY_MS = 30_000; // how often the charts' figures are fetched
const recent = new History(300), hour = new History(3600);
const period = byId("activity-period");
const looked = new Map();
let wasAway = false, justPlaced = null, asking = null;

const connection = createConnection({ retry: () => asking.now() });
const known = await new Promise((found) => {
    asking = poll(async (signal) => found(await identity(api, signal)), { every: 1500, slowest: 10_000, failed: connection.failed });
});
asking.stop();
const caller = await signedIn({ api, known, announce, waits: connection.signedOut });

function announce(text) {
    setText(byId("announcer"), text);
}

/** The id in the page's address: `#order=ID`. */
function followed() {
    return new URLSearchParams(location.hash.slice(1)).get("order");
}

const pipeline = createPipeline();
const charts = createCharts();
const badge = createBadge();
const ticket = createTicket({
    api,
    placed: (id) => {
        justPlaced = id;
        location.hash = `order=${id}`;
        blotter.now();
        openOrders.now();
        if (matchMedia("(max-width: 899px)").matches) byId("order").scrollIntoView();
    },
    turnedAway: () => monitor.now(),
    cannot: caller.cannotTrade,
});
const blotter = createBlotter({ api, followed, reveal, whose: caller.whose });
const openOrders = createOpenOrders({ api, moved: () => blotter.now(), cannot: caller.cannotTrade });
const order = createOrderPanel({ api, announce, moved, titled: titleSubject, cannot: caller.cannotTrade });
const deadLetters = createDeadLetters({ api, announce, cannot: caller.cannotOperate });

/** Asks the engine about its state. Its streams cannot be read while Redis is down; that is an answer, too. */
async function look(signal) {
    const [streams, health] = await Promise.allSettled([api.streams(signal), api.health(signal)]);
    if (health.status === "rejected") throw health.reason;
    const standing = (name) => ({ state: health.value[name], reason: health.value[`${name}Reason`] });
    const state = { redis: standing("redis"), postgres: standing("postgres"), venues: health.value.venues };
    if (streams.status === "rejected" && !isDown(state.redis)) throw streams.reason;
    const known = streams.status === "fulfilled" && !isDown(state.redis) ? streams.value : null;
    return { ...state, ...known, stages: stagesOf(known, health.value) };
}

/** Fetches the charts' figures, not more often than they change. The page works without them. */
async function lookBack(history, every, signal) {
    if (performance.now() - (looked.get(history) ?? -Infinity) < every) return;
    looked.set(history, performance.now());
    try {
        history.take(await api.activity({ seconds: history.seconds, from: history.from }, signal));
    } catch {
        // another part of the page says that the engine is away; the next turn tries again
    }
}

const monitor = poll(async (signal) => {
    const asked = performance.now();
    const [state] = await Promise.all([look(signal), lookBack(recent, SLICE_MS, signal)]);
    if (Number(period.value) === hour.seconds) await lookBack(hour, HOUR_EVERY_MS, signal);
    const alarms = judge(state, recent.samples, recent.now);
    connection.succeeded(alarms);
    pipeline.update(state, alarms);
    badge.show(state.venues);
    ticket.stand(state.door, state.redis, asked);
    drawCharts();
    if (!ticket.loaded()) await ticket.load();
    if (wasAway) {
        blotter.now();
        openOrders.now();
        ticket.refresh();
    }
    wasAway = false;
    if (state.deadLetters === undefined) deadLetters.forget();
    else await deadLetters.update(state.deadLetters);
}, {
    every: 1500,
    slowest: 10_000,
    failed: (problem, wait) => {
        wasAway = true;
        connection.failed(problem, wait);
    },
});

asking = monitor;

function drawCharts() {
    charts.update(Number(period.value) === hour.seconds ? hour : recent);
}

/** The followed order has a new event, which the lists get to know later. */
function moved(subject, event) {
    blotter.take(subject, event);
    openOrders.take(subject, event);
}

/** Scrolls to the followed order after a person has asked to see it. */
function reveal() {
    byId("order").scrollIntoView();
    byId("order").focus({ preventScroll: true });
}

function route() {
    const id = followed();
    if (id) order.open(id);
    else order.close();
    blotter.redraw();
}

addEventListener("hashchange", () => {
    route();
    if (followed() && followed() !== justPlaced) reveal();
    justPlaced = null;
});
period.addEventListener("change", () => {
    drawCharts();
    monitor.now();
});
route();
if (followed()) byId("order").scrollIntoView();
