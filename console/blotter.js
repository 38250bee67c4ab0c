// Recent orders, newest first. The first page keeps itself up to date; older pages are added on request.

import { byId, el, emptyNote, problemNote, reconcile, setAttribute, setText } from "./dom.js";
import { againstQuote, clock, decimal, levelOf, status, venue } from "./format.js";
import { typeName } from "./order-types.js";
import { poll } from "./poll.js";
import { waitsForText } from "./waiting.js";

const PAGE = 25;
const MAX_LIVE = 50; // number of orders whose newer events are remembered
const COLUMNS = ["Time", "Order", "Received", "Against quote", "Venue", "Attempts", "Status", "Reason"];

/** `followed()`: the id of the order that is followed. `reveal()`: goes to it. `whose`: a note that says whose orders there are. */
export function createBlotter({ api, followed, reveal, whose }) {
    const body = byId("blotter-body"), note = byId("blotter-note"), filter = byId("blotter-filter");
    const rows = el("tbody"), more = el("button", { type: "button", class: "small", onclick: older }, "Show older orders");
    const table = el("div", { class: "scroll" }, el("table", { class: "orders" },
        el("caption", { class: "visually-hidden" }, "Recent orders, newest first"),
        el("thead", {}, el("tr", {}, COLUMNS.map((name) => el("th", { scope: "col" }, name)))), rows));
    const live = new Map(); // id -> the order as its events have left it: the list comes from Postgres, which is a moment behind
    let first = [], added = [], cursor = null;

    const poller = poll(async (signal) => {
        const wanted = filter.value;
        const page = await api.orders({ limit: PAGE, status: wanted, view: "summary" }, signal);
        if (filter.value !== wanted) return;
        if (added.length === 0) cursor = page.nextCursor;
        first = page.orders;
        setText(note, whose);
        show();
    }, { every: 2000, failed: (problem) => fail(problem) });

    function fail(problem) {
        if (first.length > 0) return setText(note, `Not up to date: ${problem.message}`);
        body.removeAttribute("aria-busy");
        body.replaceChildren(problemNote(`Orders can't be shown. ${problem.message}`));
    }

    function show() {
        body.removeAttribute("aria-busy");
        const known = new Set(first.map((order) => order.id));
        const orders = withLive([...first, ...added.filter((order) => !known.has(order.id))]);
        if (orders.length === 0) {
            const text = filter.value ? "No order is like this." : "No orders yet. The first one that is placed appears here.";
            return body.replaceChildren(emptyNote(text));
        }
        if (!table.isConnected) body.replaceChildren(table, more);
        more.hidden = cursor === null;
        reconcile(rows, orders, { key: (order) => order.id, create: makeRow, update: updateRow });
    }

    /** Takes an event of an order, so that the order's row shows it at once. */
    function take(order, event) {
        const before = live.get(order.id) ?? order;
        live.delete(order.id);
        live.set(order.id, after(before, event));
        if (live.size > MAX_LIVE) live.delete(live.keys().next().value);
        if (!body.hasAttribute("aria-busy")) show();
    }

    /** The list, updated by the events since. An order that is too new for the list appears where the list will have it. */
    function withLive(orders) {
        const wanted = filter.value ? filter.value.split(",") : null, ids = new Set(orders.map((order) => order.id));
        const newer = orders.map((order) => (live.get(order.id)?.updatedAt > order.updatedAt ? live.get(order.id) : order));
        const last = orders.at(-1)?.createdAt ?? "";
        const missing = [...live.values()].filter((order) => !ids.has(order.id) && (cursor === null || order.createdAt > last));
        return [...newer, ...missing].filter((order) => !wanted || wanted.includes(order.status))
            .sort((one, other) => (one.createdAt < other.createdAt ? 1 : one.createdAt > other.createdAt ? -1 : 0));
    }

    function updateRow(row, order) {
        const cells = [...row.cells].slice(2);
        const received = order.amountOutDecimal ? `${decimal(order.amountOutDecimal)} ${order.tokenOut}` : "–";
        const values = [received, againstQuote(order.realisedSlippageBps), venue(order.chosenDex), String(attemptsMade(order) || "–")];
        values.forEach((value, index) => setText(cells[index], value));
        const pill = row.querySelector(".pill");
        setText(pill, status(order.status));
        setAttribute(pill, "data-level", levelOf(order.status));
        const reason = reasonOf(order);
        setText(cells[5].firstElementChild, reason);
        setAttribute(cells[5].firstElementChild, "title", reason || null);
        setAttribute(row, "data-followed", followed() === order.id ? "true" : null);
        setAttribute(row.querySelector("a"), "aria-current", followed() === order.id ? "true" : null);
    }

    async function older() {
        setAttribute(more, "aria-disabled", "true");
        try {
            const page = await api.orders({ limit: PAGE, status: filter.value, view: "summary", cursor });
            added = [...added, ...page.orders];
            cursor = page.nextCursor;
            show();
        } catch (problem) {
            setText(note, problem.message);
        }
        setAttribute(more, "aria-disabled", null);
    }

    rows.addEventListener("click", (event) => {
        const id = event.target.closest("tr")?.dataset.key, isLink = event.target.closest("a") !== null;
        // a person who has marked text to copy it does not want to go there; a browser follows a link by itself, except to the page's own address
        if (!id || event.ctrlKey || event.metaKey || event.shiftKey || (!isLink && String(getSelection()))) return;
        if (followed() === id) {
            event.preventDefault();
            reveal();
        } else if (!isLink) location.hash = `order=${id}`;
    });
    filter.addEventListener("change", () => {
        [first, added, cursor] = [[], [], null];
        body.setAttribute("aria-busy", "true");
        poller.now();
    });
    return { now: poller.now, take, redraw: () => first.length > 0 && show() };
}

/** An order after an event, with the names that the list uses. */
function after(order, event) {
    const { status, timestamp: updatedAt } = event;
    return {
        ...order, status, updatedAt, waitsFor: event.waitsFor ?? order.waitsFor, attempts: event.attempt ?? order.attempts,
        chosenDex: event.chosenDex ?? order.chosenDex, amountOutDecimal: event.amountOutDecimal ?? order.amountOutDecimal,
        realisedSlippageBps: event.realisedSlippageBps ?? order.realisedSlippageBps,
        lastError: event.error?.message ?? order.lastError,
    };
}

/**
 * The number of attempts that were made. An order counts the attempt that it is in. That attempt does not count here while the order waits for its
 * price or its route, or if it ended before a transaction was sent.
 */
function attemptsMade(order) {
    return ["open", "pending", "routing", "cancelled", "expired"].includes(order.status) ? order.attempts - 1 : order.attempts;
}

function reasonOf(order) {
    if (order.status === "open") return `Waits for ${waitsForText(order)}`;
    return order.status === "confirmed" ? "" : order.lastError ?? "";
}

function makeRow(order) {
    const cell = (index, className, ...content) => el("td", { class: className, "data-label": COLUMNS[index] }, ...content);
    const link = el("a", { href: `#order=${order.id}` }, `${decimal(order.amountInDecimal)} ${order.tokenIn} → ${order.tokenOut}`);
    const isPlain = (order.orderType ?? "market") === "market";
    const type = isPlain ? null : el("span", { class: "quiet" }, ` ${typeName(order.orderType).toLowerCase()}`);
    return el("tr", {},
        cell(0, "when", el("time", { datetime: order.createdAt, title: order.createdAt }, clock(order.createdAt))),
        el("th", { scope: "row", "data-label": COLUMNS[1] }, link, type),
        cell(2, "number"), cell(3, "number"), cell(4, null), cell(5, "number"), cell(6, null, el("span", { class: "pill" })),
        cell(7, "reason", el("span")));
}
