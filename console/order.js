// The followed order: its details, the state of its connection, and its story, live.

import { byId, el, emptyNote, problemNote, setAttribute, setNotice, setText } from "./dom.js";
import { againstQuote, decimal, duration, FINAL, levelOf, status } from "./format.js";
import { insist } from "./insist.js";
import { filledSection, legsSection } from "./legs.js";
import { storyOf } from "./story.js";
import { follow } from "./stream.js";
import { termsSection } from "./order-terms.js";
import { attemptsSection, errorSection, log, quotesSection, resultSection, steps } from "./timeline.js";

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const NOBODY = "No order is followed yet. Place one, or choose one of the recent orders: what happens to it is shown here, as it happens.";

/**
 * `announce(text)`: says the text to screen readers. `moved(order, event)`: the order has a new event. `titled(text)`: what the panel shows.
 * `cannot`: why the caller may cancel no orders, or null.
 */
export function createOrderPanel({ api, announce, moved, titled, cannot }) {
    const body = byId("order-body"), link = byId("order-link");
    let current = null;

    function leave() {
        current?.stream?.stop();
        current?.abort.abort();
        current = null;
        setAttribute(link, "data-state", null);
        setText(link, "");
        titled(null);
    }

    function close() {
        if (!current) return;
        leave();
        body.replaceChildren(emptyNote(NOBODY));
    }

    function open(id) {
        if (current?.id === id) return;
        leave();
        current = { id, order: null, events: [], abort: new AbortController(), view: null };
        if (!ID.test(id)) return refuse("This is no order's id.");
        body.replaceChildren(el("div", { class: "skeleton line" }), el("div", { class: "skeleton line" }), el("div", { class: "skeleton line" }));
        load(current);
    }

    async function load(mine) {
        try {
            mine.order = await api.order(mine.id, mine.abort.signal);
        } catch (problem) {
            if (mine !== current) return;
            if (!problem.away) return refuse(problem.message);
            setText(link, `Not shown yet, trying again. ${problem.message}`);
            return setTimeout(() => mine === current && load(mine), 2000);
        }
        if (mine !== current) return;
        titled(`${nameOf(mine.order)}, ${status(mine.order.status)}`);
        setText(link, "");
        mine.view = makeView(mine);
        body.replaceChildren(mine.view.root);
        mine.stream = follow(mine.id, {
            api, state: (name, detail) => mine === current && showState(name, detail),
            event: (event) => mine === current && take(mine, event),
        });
    }

    function take(mine, event) {
        const before = mine.events.at(-1)?.status;
        mine.events.push(event);
        // a replay brings many events at once: they are drawn together
        mine.frame ??= requestAnimationFrame(() => {
            mine.frame = null;
            if (mine === current) draw(mine);
        });
        moved(mine.order, event);
        if (event.type === "amended") renew(mine);
        if (event.status === before) return;
        titled(`${nameOf(mine.order)}, ${status(event.status)}`);
        if (mine.placed || event.status !== "pending") announce(sentence(mine.order, event));
    }

    /** Fetches the order again after its terms have changed. */
    async function renew(mine) {
        try {
            mine.order = await api.order(mine.id, mine.abort.signal);
            if (mine === current) draw(mine);
        } catch {
            // the log says what has changed; the terms follow when the order is shown anew
        }
    }

    function draw(mine) {
        const { order, events, view } = mine, story = storyOf(events);
        setText(view.status, status(story.last.status));
        setAttribute(view.status, "data-level", levelOf(story.last.status));
        setText(view.now, story.final ? `${story.last.message}, ${timesOf(story)}` : story.last.message);
        setText(view.cancel, order.ocoOrderId && story.last.status === "open" ? "Cancel both orders" : "Cancel order");
        if (story.final) setNotice(view.problem, null);
        const isSent = story.last.status === "submitted" || story.legs.some((leg) => leg.status === "landed");
        view.cancel.hidden = cannot !== null || story.final || isSent;
        view.story.replaceChildren(
            steps(story),
            column(errorSection(story), termsSection(story, order), filledSection(story, order), resultSection(story, order),
                quotesSection(story, order) ?? later(story)),
            column(legsSection(story, order), attemptsSection(story), log(events)));
    }

    function makeView(mine) {
        const { order, id } = mine;
        const view = {
            status: el("span", { class: "pill", "data-level": levelOf(order.status) }, status(order.status)),
            now: el("p", { class: "now" }), story: el("div", { class: "story" }),
            problem: el("p", { class: "notice", role: "alert", hidden: true, "data-level": "critical" }),
            cancel: el("button", { type: "button", class: "small", hidden: cannot !== null, onclick: () => cancel(mine) }, "Cancel order"),
        };
        const copy = el("button", { type: "button", class: "small", onclick: () => copyId(copy, id) }, "Copy id");
        view.root = el("div", {},
            el("div", { class: "order-head" },
                el("p", { class: "order-title" }, nameOf(order), view.status),
                el("p", { class: "order-id" }, el("span", { class: "hash" }, id), copy),
                el("div", { class: "order-now" }, view.now, view.cancel), view.problem),
            view.story);
        return view;
    }

    /** Cancels the order. The request may be repeated, so it is sent again if its answer was lost. */
    async function cancel(mine) {
        const { cancel: button, problem: notice } = mine.view, isOver = () => FINAL.has(mine.events.at(-1)?.status);
        setAttribute(button, "aria-disabled", "true");
        try {
            await insist(() => api.cancel(mine.id), () => !isOver() && setNotice(notice, "No answer yet, asking again…"));
            setNotice(notice, null);
        } catch (problem) {
            const doubt = "It is not known whether the order was cancelled: what becomes of it is shown here, and asking again does no harm.";
            if (!isOver()) setNotice(notice, `${problem.uncertain ? doubt : "Not cancelled."} ${problem.message}`);
        }
        setAttribute(button, "aria-disabled", null);
    }

    function showState(name, detail) {
        const texts = { connecting: "Connecting…", live: "Live", done: "Final", waiting: `Connection lost, again in ${duration(detail)}` };
        if (name === "refused") return refuse(detail);
        setText(link, texts[name]);
        setAttribute(link, "data-state", name);
    }

    function refuse(text) {
        setText(link, "");
        body.replaceChildren(problemNote(text), emptyNote("Choose one of the recent orders, or place one."));
    }

    return { open, close };
}

const nameOf = (order) => `${decimal(order.amountInDecimal)} ${order.tokenIn} → ${order.tokenOut}`;

function column(...parts) {
    return el("div", { class: "column" }, ...parts);
}

/** Keeps the place for what a fresh order does not have yet. */
function later(story) {
    return story.final || story.last.status === "open" ? null : emptyNote("The venues' quotes, and what the order brings against them, appear here.");
}

function timesOf({ waits, waitedMs, elapsedMs, reached }) {
    if (!waits) return `after ${duration(elapsedMs)}`;
    return reached === 0 ? `after it had waited ${duration(waitedMs)}` : `${duration(elapsedMs)} after a wait of ${duration(waitedMs)}`;
}

function sentence(order, event) {
    const name = `Order, ${order.amountInDecimal} ${order.tokenIn} for ${order.tokenOut}`;
    if (event.type !== "confirmed") return `${name}: ${event.message}`;
    return `${name}: confirmed. Received ${event.amountOutDecimal} ${order.tokenOut}, ${againstQuote(event.realisedSlippageBps)}.`;
}

async function copyId(button, id) {
    try {
        await navigator.clipboard.writeText(id);
        setText(button, "Copied");
    } catch {
        setText(button, "Select it instead"); // only https and localhost may write to the clipboard
    }
    setTimeout(() => setText(button, "Copy id"), 2000);
}
