// Recent orders, newest first: the first page keeps itself up to date, older pages are added on request.

import { byId, el, emptyNote, problemNote, reconcile, setAttribute, setText } from "./dom.js";
import { againstQuote, clock, decimal, levelOf, status, venue } from "./format.js";
import { poll } from "./poll.js";

const PAGE = 25;
const COLUMNS = ["Time", "Order", "Received", "Against quote", "Venue", "Attempts", "Status"];

/** `seen(orders)`: told each page as it comes. `followed()`: the id of the order that is followed. */
export function createBlotter({ api, seen, followed }) {
    const body = byId("blotter-body"), note = byId("blotter-note"), filter = byId("blotter-filter");
    const rows = el("tbody"), more = el("button", { type: "button", class: "small", onclick: older }, "Show older orders");
    const table = el("div", { class: "scroll" }, el("table", { class: "orders" },
        el("caption", { class: "visually-hidden" }, "Recent orders, newest first"),
        el("thead", {}, el("tr", {}, COLUMNS.map((name) => el("th", { scope: "col" }, name)))), rows));
    let first = [], added = [], cursor = null;

    const poller = poll(async (signal) => {
        const wanted = filter.value;
        const page = await api.orders({ limit: PAGE, status: wanted }, signal);
        if (filter.value !== wanted) return;
        if (added.length === 0) cursor = page.nextCursor;
        first = page.orders;
        if (!wanted) seen(first);
        setText(note, "");
        show();
    }, { every: 2000, failed: (problem) => fail(problem) });

    function fail(problem) {
        if (first.length > 0) return setText(note, `Not up to date: ${problem.message}`);
        body.removeAttribute("aria-busy");
        body.replaceChildren(problemNote(`Orders can't be shown. ${problem.message}`));
    }

    function show() {
        body.removeAttribute("aria-busy");
        const known = new Set(first.map((order) => order.id)), orders = [...first, ...added.filter((order) => !known.has(order.id))];
        if (orders.length === 0) {
            const text = filter.value ? "No order is like this." : "No orders yet. The first one you place appears here.";
            return body.replaceChildren(emptyNote(text));
        }
        if (!table.isConnected) body.replaceChildren(table, more);
        more.hidden = cursor === null;
        reconcile(rows, orders, { key: (order) => order.id, create: makeRow, update: updateRow });
    }

    function updateRow(row, order) {
        const cells = [...row.cells].slice(2);
        const received = order.amountOutDecimal ? `${decimal(order.amountOutDecimal)} ${order.tokenOut}` : "–";
        const values = [received, againstQuote(order.realisedSlippageBps), venue(order.chosenDex), String(attemptsMade(order) || "–")];
        values.forEach((value, index) => setText(cells[index], value));
        const pill = row.querySelector(".pill");
        setText(pill, status(order.status));
        setAttribute(pill, "data-level", levelOf(order.status));
        setAttribute(pill, "title", order.lastError?.message ?? null);
        setAttribute(row, "data-followed", followed() === order.id ? "true" : null);
        setAttribute(row.querySelector("a"), "aria-current", followed() === order.id ? "true" : null);
    }

    async function older() {
        setAttribute(more, "aria-disabled", "true");
        try {
            const page = await api.orders({ limit: PAGE, status: filter.value, cursor });
            added = [...added, ...page.orders];
            cursor = page.nextCursor;
            show();
        } catch (problem) {
            setText(note, problem.message);
        }
        setAttribute(more, "aria-disabled", null);
    }

    filter.addEventListener("change", () => {
        [first, added, cursor] = [[], [], null];
        body.setAttribute("aria-busy", "true");
        poller.now();
    });
    return { now: poller.now, redraw: () => first.length > 0 && show() };
}

/** An order counts the attempt that it is at; there is none to speak of while that waits for its route, or was called back before it was sent. */
function attemptsMade(order) {
    return ["pending", "routing", "cancelled"].includes(order.status) ? order.attempts - 1 : order.attempts;
}

function makeRow(order) {
    const cell = (index, className, ...content) => el("td", { class: className, "data-label": COLUMNS[index] }, ...content);
    const link = el("a", { href: `#order=${order.id}` }, `${decimal(order.amount)} ${order.tokenIn} → ${order.tokenOut}`);
    return el("tr", {},
        cell(0, "when", el("time", { datetime: order.createdAt, title: order.createdAt }, clock(order.createdAt))),
        el("th", { scope: "row", "data-label": COLUMNS[1] }, link),
        cell(2, "number"), cell(3, "number"), cell(4, null), cell(5, "number"), cell(6, null, el("span", { class: "pill" })));
}
