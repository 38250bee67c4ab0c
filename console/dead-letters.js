// Dead letters: what each is, and the two things a person can do about it. Dropping is for good, so the page asks twice.

import { byId, el, emptyNote, problemNote, reconcile, setAttribute, setNotice, setText } from "./dom.js";
import { clock, count, plural } from "./format.js";

const REFRESH_MS = 5000;
const REASONS = {
    MALFORMED: "not readable", UNKNOWN_ORDER: "no such order", WRONG_ATTEMPT: "of another attempt", WRONG_STATE: "of another state",
    POISONED: "ended whoever touched it", IN_DOUBT: "transaction in doubt",
};

/** `announce(text)`: says the text to screen readers. `cannot`: why the caller may see no dead letters, or null. */
export function createDeadLetters({ api, announce, cannot }) {
    const body = byId("dead-body"), note = byId("dead-note"), list = el("ul", { class: "letters" });
    let shown = null, last = 0, asking = false;

    /** `total`: how many there are, from /api/streams. The letters themselves are fetched when this number changes, and now and then. */
    async function update(total) {
        setText(note, total > 50 && !cannot ? `the oldest 50 of ${count(total)}` : total > 0 ? plural(total, "entry", "entries") : "");
        if (cannot) return bar();
        if (total === 0) return show([]);
        if (asking || (total === shown?.length && Date.now() - last < REFRESH_MS)) return;
        await refresh();
    }

    /** Shows that nothing is known: nobody can say what there is while Redis is down. */
    function forget() {
        setText(note, "not known while Redis is down");
        if (cannot) return bar();
        if (shown !== null) return;
        body.removeAttribute("aria-busy");
        body.replaceChildren(emptyNote("Dead letters are shown here when Redis is back."));
    }

    function bar() {
        if (!body.hasAttribute("aria-busy")) return;
        body.removeAttribute("aria-busy");
        body.replaceChildren(emptyNote(cannot));
    }

    async function refresh() {
        asking = true;
        try {
            show((await api.deadLetters()).deadLetters);
        } catch (problem) {
            setText(note, `Not up to date: ${problem.message}`);
            if (shown === null) body.replaceChildren(problemNote(`Dead letters can't be shown. ${problem.message}`));
        }
        asking = false;
    }

    function show(letters) {
        [shown, last] = [letters, Date.now()];
        body.removeAttribute("aria-busy");
        if (letters.length === 0) {
            if (!body.querySelector(".empty")) body.replaceChildren(emptyNote("None: every entry could be handled."));
            return;
        }
        if (!list.isConnected) body.replaceChildren(list);
        reconcile(list, letters, { key: (letter) => letter.id, create: (letter) => makeLetter(letter, act), update: () => {} });
    }

    async function act(letter, node, work, done) {
        const problem = node.querySelector(".notice"), buttons = node.querySelectorAll("button");
        buttons.forEach((button) => setAttribute(button, "aria-disabled", "true"));
        try {
            await work(letter.id);
            announce(done);
            moveFocus(node);
            node.remove();
            await refresh();
        } catch (refusal) {
            if (refusal.code === "UNKNOWN_LETTER") return refresh();
            setNotice(problem, refusal.uncertain ? `It may have been carried out. ${refusal.message}` : refusal.message);
        }
        buttons.forEach((button) => setAttribute(button, "aria-disabled", null));
    }

    /** Moves the focus on before a letter with the focused button is removed. */
    function moveFocus(node) {
        if (!node.contains(document.activeElement)) return;
        const next = node.nextElementSibling ?? node.previousElementSibling;
        (next?.querySelector("button") ?? byId("dead-letters")).focus();
    }

    function makeLetter(letter, perform) {
        const retry = () => perform(letter, node, api.retryLetter, `The entry is back on ${letter.stream}.`);
        const drop = () => perform(letter, node, api.dropLetter, "The entry was dropped.");
        const node = el("li", {},
            el("p", {}, el("strong", {}, letter.reason), el("span", { class: "quiet" }, ` ${REASONS[letter.reason] ?? "refused by Postgres"}`)),
            el("p", {}, `From ${letter.stream} at ${clock(letter.at)}, ${plural(letter.deliveries, "delivery", "deliveries")}. `,
                letter.orderId ? el("a", { href: `#order=${letter.orderId}` }, "Its order") : "It names no order."),
            el("details", {}, el("summary", {}, "Fields"), el("dl", { class: "fields" }, Object.entries(letter.fields).map(([name, value]) =>
                el("div", {}, el("dt", {}, name), el("dd", {}, String(value)))))),
            el("p", { class: "notice", "data-level": "critical", role: "alert", hidden: true }), actions(letter, retry, drop));
        return node;
    }

    return { update, forget };
}

function actions(letter, retry, drop) {
    const what = `${letter.reason} from ${letter.stream}`;
    const row = el("div", { class: "actions" }), normal = [], sure = [];
    const toggle = (next, focus) => {
        row.replaceChildren(...next);
        next[focus].focus();
    };
    normal.push(
        el("button", { type: "button", class: "small", "aria-label": `Retry ${what}`, onclick: retry }, "Retry"),
        el("button", { type: "button", class: "small", "aria-label": `Drop ${what}`, onclick: () => toggle(sure, 1) }, "Drop"));
    sure.push(
        el("button", { type: "button", class: "small danger", "aria-label": `Drop ${what} for good`, onclick: drop }, "Drop for good"),
        el("button", { type: "button", class: "small", onclick: () => toggle(normal, 1) }, "Keep"));
    row.append(...normal);
    return row;
}
