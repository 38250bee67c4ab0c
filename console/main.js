// Puts the parts of the page together. Each part has a module; what they share goes through here.

import { judge } from "./alarms.js";
import { api } from "./api.js";
import { createBlotter } from "./blotter.js";
import { createCharts } from "./charts.js";
import { createConnection } from "./connection.js";
import { createDeadLetters } from "./dead-letters.js";
import { byId, setText } from "./dom.js";
import { History } from "./history.js";
import { createOrderPanel } from "./order.js";
import { createPipeline } from "./pipeline.js";
import { poll } from "./poll.js";
import { stagesOf } from "./stages.js";
import { createTicket } from "./ticket.js";

const opened = Date.now();
const history = new History();
let wasAway = false;

function announce(text) {
    setText(byId("announcer"), text);
}

function followed() {
    return new URLSearchParams(location.hash.slice(1)).get("order");
}

const pipeline = createPipeline();
const charts = createCharts();
const ticket = createTicket({
    api,
    placed: (id) => {
        location.hash = `order=${id}`;
        blotter.now();
        if (matchMedia("(max-width: 899px)").matches) byId("order").scrollIntoView();
    },
    turnedAway: () => monitor.now(),
});
const order = createOrderPanel({ api, announce, changed: () => blotter.now() });
const blotter = createBlotter({ api, followed, seen: (orders) => history.take(orders, opened) });
const deadLetters = createDeadLetters({ api, announce });
const connection = createConnection({ retry: () => monitor.now() });

const monitor = poll(async (signal) => {
    const asked = performance.now();
    const [streams, health] = await Promise.all([api.streams(signal), api.health(signal)]);
    const now = Date.now(), stages = stagesOf(streams, health), { retries, deadLetters: letters, door } = streams;
    const state = { stages, retries, deadLetters: letters, door };
    const alarms = judge(state, history.samples, now);
    history.add(now, stages);
    connection.succeeded(alarms);
    pipeline.update(state, alarms);
    ticket.door(door, asked);
    charts.update(history.samples, now);
    if (!ticket.loaded()) await ticket.load();
    if (wasAway) {
        blotter.now();
        ticket.refresh();
    }
    wasAway = false;
    await deadLetters.update(letters);
}, {
    every: 1500,
    slowest: 10_000,
    failed: (problem, wait) => {
        wasAway = true;
        connection.failed(problem, wait);
    },
});

function route() {
    const id = followed();
    if (id) order.open(id);
    blotter.redraw();
}

addEventListener("hashchange", route);
route();
