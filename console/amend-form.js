// Amends an open order in its own row. What is sent says which state of the order the person has seen, so nobody overwrites what has changed since.

import { el, setAttribute, setNotice } from "./dom.js";
import { bpsOf, shortest } from "./exact.js";
import { localTime } from "./local-time.js";
import { TYPES } from "./order-types.js";
import { fieldOf, problemOf } from "./terms.js";
import { inWordsOf, reachedText } from "./ticket-texts.js";
import { unitOf } from "./waiting.js";

const CHANGED = "The order has changed meanwhile. The fields show it as it is now: check them, and save again.";
const UNKNOWN = "It is not known whether the order was amended. The fields show it as it is now.";

/** The fields that an order has: a name, a label, a unit, and the text of now. */
function fieldsFor(order) {
    const has = (name) => order[name] !== undefined || TYPES[order.orderType]?.optional?.includes(name);
    const price = (name, label) => has(name) && { name, label: `${label} of ${order.priceToken}`, unit: unitOf(order), text: order[name] ?? "" };
    return [
        price("triggerPrice", "Trigger price"), price("limitPrice", "Limit price"),
        order.trailingBps && { name: "trailing", label: "Distance from the best price", unit: "%", text: shortest(BigInt(order.trailingBps), 2) },
        order.expiresAt && {
            name: "expiry", label: "Expires, in your local time", type: "datetime-local", text: localTime(Date.parse(order.expiresAt)),
        },
    ].filter(Boolean);
}

/** The members of the request for texts by the names of their fields. */
function changesOf(texts) {
    const members = {
        limitPrice: (text) => ({ limitPrice: text }), triggerPrice: (text) => ({ triggerPrice: text }),
        trailing: (text) => ({ trailingBps: bpsOf(text) }), expiry: (text) => ({ expiresAt: new Date(text).toISOString() }),
    };
    return Object.assign({}, ...Object.entries(texts).map(([name, text]) => members[name](text)));
}

/**
 * `amended(text)`: it is done, in words. `over(text)`: the order waits no more, and why. `closed()`: the person has left the form.
 */
export function createAmendForm({ api, id, amended, over, closed }) {
    const problem = el("p", { class: "notice", "data-level": "critical", role: "alert", hidden: true });
    const fields = el("div", { class: "amend-fields" });
    const tick = el("input", { type: "checkbox" }), reached = el("p", { class: "field-error", role: "alert", hidden: true });
    const allow = el("div", { class: "field", hidden: true }, reached,
        el("label", { class: "tick" }, tick, " Amend it although the price is reached already"));
    const save = el("button", { type: "submit", class: "small" }, "Save changes");
    const form = el("form", { class: "amend", novalidate: true, onsubmit: submit }, fields, allow, problem,
        el("div", { class: "actions" }, save, el("button", { type: "button", class: "small", onclick: closed }, "Leave as it is")));
    let seen = null, shown = [];

    /** Shows the order as it is now. Returns whether it can be amended. */
    async function load() {
        const { order, seq } = await api.orderWithSeq(id);
        if (order.status !== "open") {
            over(`The order is ${order.status} and no longer waits for its price, so it can't be amended.`);
            return false;
        }
        seen = seq;
        shown = fieldsFor(order).map(makeField);
        fields.replaceChildren(...shown.map((field) => field.root));
        allow.hidden = true;
        tick.checked = false;
        return true;
    }

    function makeField({ name, label, unit, type = "text", text }) {
        const own = `amend-${name}-${id}`, error = el("p", { id: `${own}-error`, class: "field-error", hidden: true });
        const input = el("input", { id: own, type, value: text, autocomplete: "off", "aria-describedby": error.id, maxlength: "40" });
        if (type === "text") setAttribute(input, "inputmode", "decimal");
        const control = unit ? el("div", { class: "with-unit" }, input, el("span", { class: "unit", "aria-hidden": "true" }, unit)) : input;
        return { name, label, input, error, before: text, root: el("div", { class: "field" }, el("label", { for: own }, label), control, error) };
    }

    function showErrors(wrong) {
        for (const { name, input, error } of shown) {
            setNotice(error, wrong[name]);
            setAttribute(input, "aria-invalid", wrong[name] ? "true" : null);
        }
        const first = shown.find(({ name }) => wrong[name]);
        first?.input.focus();
        return first !== undefined;
    }

    async function submit(event) {
        event.preventDefault();
        if (save.hasAttribute("aria-disabled")) return;
        const different = shown.filter(({ input, before }) => input.value.trim() !== before), now = Date.now();
        const texts = Object.fromEntries(different.map(({ name, input }) => [name, input.value.trim()]));
        setNotice(problem, null);
        if (showErrors(Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, problemOf(name, text, { now })])))) return;
        if (different.length === 0) return setNotice(problem, "Nothing is different yet.");
        setAttribute(save, "aria-disabled", "true");
        try {
            const order = await api.amend(id, { ...changesOf(texts), ...(tick.checked && { allowImmediate: true }) }, seen);
            amended(order.logs.at(-1).message);
        } catch (refusal) {
            await refused(refusal);
        }
        setAttribute(save, "aria-disabled", null);
    }

    async function refused(refusal) {
        if (refusal.code === "ORDER_TRIGGERED") return over(refusal.message);
        if (refusal.code === "ORDER_CHANGED" || refusal.uncertain) return reload(refusal.uncertain ? `${UNKNOWN} ${refusal.message}` : CHANGED);
        if (refusal.code === "TRIGGER_REACHED") {
            allow.hidden = false;
            setNotice(reached, reachedText(refusal.message));
            return tick.focus();
        }
        const labelOf = (wanted) => shown.find(({ name }) => name === wanted)?.label;
        const words = (error) => inWordsOf(labelOf(fieldOf(error.field)), error);
        const wrong = Object.fromEntries((refusal.errors ?? []).map((error) => [fieldOf(error.field), words(error)]));
        if (!showErrors(wrong)) setNotice(problem, `Not amended. ${refusal.message}`);
    }

    async function reload(why) {
        try {
            if (await load()) setNotice(problem, why);
        } catch (lost) {
            setNotice(problem, `${why} ${lost.message}`);
        }
    }

    return { form, load, focus: () => shown[0]?.input.focus() };
}
