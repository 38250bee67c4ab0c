// Orders that wait for a price: how far each is from it, live. An order is amended and cancelled here.

import { createAmendForm } from "./amend-form.js";
import { byId, el, problemNote, reconcile, setAttribute, setNotice, setText } from "./dom.js";
import { brief } from "./exact.js";
import { decimal, moment } from "./format.js";
import { insist } from "./insist.js";
import { typeName } from "./order-types.js";
import { poll } from "./poll.js";
import { distanceText, orderName, unitOf, waitsForText } from "./waiting.js";

const MOST = 50; // rows
const BEHIND_MS = 5000; // for so long the list, which comes from Postgres, may still have an order that waits no more
const FACTS = ["Waits for", "Price now", "Distance", "Expires", "Paired with"];

/** `cannot`: why the caller may amend and cancel no orders, or null. `moved()`: an order waits no more. */
export function createOpenOrders({ api, cannot, moved }) {
    const body = byId("open-body"), note = byId("open-note"), told = byId("open-told"), list = el("ul", { class: "open-orders" });
    const left = new Map(), forms = new Map(); // by id: when an order has left, and the form that amends it
    let shown = null;

    const poller = poll(async (signal) => {
        const page = await api.orders({ status: "open", view: "summary", limit: MOST }, signal);
        show(page.orders);
        setText(note, shown.length === 0 ? "No order waits for a price." : page.nextCursor ? `the newest ${MOST}` : "");
    }, { every: 2000, failed: (problem) => fail(problem) });

    function fail(problem) {
        if (shown !== null) return setText(note, `Not up to date: ${problem.message}`);
        body.removeAttribute("aria-busy");
        body.replaceChildren(problemNote(`Open orders can't be shown. ${problem.message}`));
    }

    function show(orders) {
        shown = orders.filter((order) => !(performance.now() - left.get(order.id) < BEHIND_MS));
        moveFocus();
        body.removeAttribute("aria-busy");
        for (const [id, form] of forms) {
            if (!shown.some((order) => order.id === id)) lose(id, form);
        }
        if (shown.length === 0) return body.replaceChildren();
        if (!list.isConnected) body.replaceChildren(list);
        reconcile(list, shown, { key: (order) => order.id, create: makeRow, update: updateRow });
    }

    /** Says what became of an order that is in the hands of a person. */
    function lose(id, form) {
        forms.delete(id);
        if (form.form.isConnected) tell("The order that you were about to amend waits no more: see recent orders.");
    }

    function tell(text) {
        setNotice(told, text);
    }

    /** Takes an event of the followed order: it tells sooner than the list whether the order waits. */
    function take(order, event) {
        if (event.status === "open") left.delete(order.id);
        else leave(order.id);
        if (event.type === "open" || event.type === "amended") poller.now();
    }

    /** Removes an order that waits no more. The list may still have it for a moment. */
    function leave(...ids) {
        for (const [id, at] of left) if (performance.now() - at > BEHIND_MS) left.delete(id);
        for (const id of ids) left.set(id, performance.now());
        if (shown !== null) show(shown);
    }

    /** Moves the focus on before the row with the focused element is removed. */
    function moveFocus() {
        const stays = (row) => shown.some((order) => order.id === row.dataset.key);
        const row = document.activeElement?.closest(".open-orders > li");
        if (!row || stays(row)) return;
        const next = [...list.children].find(stays);
        (next?.querySelector("button") ?? byId("open-orders")).focus();
    }

    function makeRow(order) {
        const link = (name) => (name === "Paired with" && order.ocoOrderId ? el("a", { href: `#order=${order.ocoOrderId}` }) : null);
        const part = (name) => el("div", {}, el("dt", {}, name), el("dd", { "data-fact": name }, link(name)));
        const name = orderName(order), isPair = Boolean(order.ocoOrderId);
        const buttons = [
            el("button", {
                type: "button", class: "small", "aria-label": `Amend: ${name}`, "aria-expanded": "false", onclick: () => toggle(order.id),
            }, "Amend"),
            el("button", { type: "button", class: "small", "aria-label": `Cancel${isPair ? " both" : ""}: ${name}`, onclick: () => cancel(order.id) },
                isPair ? "Cancel both" : "Cancel"),
        ];
        return el("li", {},
            el("p", { class: "open-name" }, el("strong", {}, typeName(order.orderType)), " ",
                el("a", { href: `#order=${order.id}` }, `${decimal(order.amountInDecimal)} ${order.tokenIn} → ${order.tokenOut}`)),
            el("dl", { class: "facts open-facts" }, FACTS.map(part)), el("div", { class: "actions" }, cannot ? [] : buttons),
            el("p", { class: "notice", "data-level": "critical", role: "alert", hidden: true }));
    }

    function updateRow(row, order) {
        const unit = unitOf(order), partner = shown.find((other) => other.id === order.ocoOrderId);
        const pair = partner ? `the ${typeName(partner.orderType).toLowerCase()}` : "another order";
        const texts = {
            "Waits for": waitsForText(order), "Price now": order.mark ? `${decimal(brief(order.mark))} ${unit}` : "–",
            Distance: distanceText(order), Expires: order.expiresAt ? moment(order.expiresAt) : "–", "Paired with": order.ocoOrderId ? pair : "–",
        };
        for (const node of row.querySelectorAll("[data-fact]")) setText(node.querySelector("a") ?? node, texts[node.dataset.fact]);
    }

    const rowOf = (id) => [...list.children].find((row) => row.dataset.key === id);
    const amendButton = (id) => rowOf(id)?.querySelector("[aria-expanded]");

    async function toggle(id) {
        if (forms.has(id)) return close(id);
        const row = rowOf(id), problem = row.querySelector(":scope > .notice");
        const form = createAmendForm({
            api, id, closed: () => close(id),
            amended: (text) => {
                close(id);
                tell(`${text}.`);
                poller.now();
            },
            over: (text) => {
                leave(id);
                tell(text);
                moved();
            },
        });
        forms.set(id, form);
        tell(null);
        setNotice(problem, null);
        try {
            if (!(await form.load()) || forms.get(id) !== form) return;
            row.append(form.form);
            setAttribute(amendButton(id), "aria-expanded", "true");
            form.focus();
        } catch (refusal) {
            forms.delete(id);
            setNotice(problem, refusal.message);
        }
    }

    function close(id) {
        forms.get(id)?.form.remove();
        forms.delete(id);
        setAttribute(amendButton(id), "aria-expanded", "false");
        amendButton(id)?.focus();
    }

    /** Cancels an order, and with it the other one of its pair. The request may be repeated, so it is sent again if its answer was lost. */
    async function cancel(id) {
        const order = shown.find((one) => one.id === id), row = rowOf(id), problem = row.querySelector(":scope > .notice");
        const buttons = row.querySelectorAll("button"), both = [id, order.ocoOrderId].filter(Boolean);
        tell(null);
        setNotice(problem, null);
        buttons.forEach((button) => setAttribute(button, "aria-disabled", "true"));
        try {
            const { status } = await insist(() => api.cancel(id), () => setNotice(problem, "No answer yet, asking again…"));
            leave(...both);
            tell(both.length === 2 ? "Both orders are cancelled." : `${orderName(order)}: ${status}.`);
            moved();
        } catch (refusal) {
            setNotice(problem, `${refusal.uncertain ? "It is not known whether the order was cancelled." : "Not cancelled."} ${refusal.message}`);
            poller.now();
        }
        buttons.forEach((button) => setAttribute(button, "aria-disabled", null));
    }

    return { now: poller.now, take };
}
