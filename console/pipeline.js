// Draws the pipeline: before each stage its queue, in each stage its replicas. Elements are made once and then only changed.

import { byId, el, reconcile, setAttribute, setNotice, setText } from "./dom.js";
import { paused } from "./pause.js";
import { count, duration, plural, rate } from "./format.js";

const SQUARES = 8; // up to this number replicas are drawn one by one; more are a number

export function createPipeline() {
    const list = byId("stages"), alarmBox = byId("alarms"), extra = byId("pipeline-extra");
    let cards = null;

    function update({ stages, retries, door }, alarms) {
        cards ??= stages.map(makeCard);
        if (list.getAttribute("aria-busy")) {
            list.replaceChildren(...cards.map((card) => card.root));
            list.removeAttribute("aria-busy");
        }
        stages.forEach((stage, index) => updateCard(cards[index], stage, alarms.find((alarm) => alarm.stage === stage.key)));
        const since = paused(door);
        setNotice(cards.find((card) => card.door).door, since && `No new orders ${since}`);
        setText(extra, retries ? retriesWaiting(retries) : "not known while Redis is down");
        showAlarms(alarms);
    }

    function showAlarms(alarms) {
        alarmBox.hidden = alarms.length === 0;
        reconcile(alarmBox.firstElementChild, alarms, {
            key: (alarm) => `${alarm.stage}-${alarm.level}`,
            create: () => el("li", {}, el("strong"), " ", el("span", { class: "alarm-text", "aria-live": "off" })),
            update: (node, alarm) => {
                setAttribute(node, "data-level", alarm.level);
                setText(node.firstElementChild, alarm.level === "critical" ? "Alarm" : "Warning");
                setText(node.lastElementChild, alarm.text);
            },
        });
    }

    return { update };
}

function retriesWaiting(retries) {
    return retries.waiting === 0 ? "no retries waiting" : `${plural(retries.waiting, "retry", "retries")} waiting, ${count(retries.due)} due`;
}

function makeCard(stage) {
    const parts = { replicas: el("span", { class: "squares", "aria-hidden": "true" }), number: el("span", { class: "replica-count" }) };
    const head = el("div", { class: "stage-head" },
        el("h3", {}, stage.name), el("span", { class: "quiet does" }, stage.does), el("p", { class: "replicas" }, parts.replicas, parts.number));
    if (!stage.stream) {
        parts.door = el("p", { class: "door", hidden: true });
        parts.root = el("li", { class: "stage", "data-stage": stage.key }, head, parts.door);
        return parts;
    }
    parts.fill = el("span", { class: "queue-fill" });
    parts.waiting = el("strong", { class: "queue-count" });
    const facts = ["In hand", "Oldest", "Rate", "Drains in"].map((name) => {
        const value = el("dd");
        parts[name] = value;
        return el("div", {}, el("dt", {}, name), value);
    });
    const queue = el("div", { class: "queue" },
        el("p", { class: "queue-name" }, parts.waiting, ` ${stage.waits}s waiting`, el("span", { class: "quiet" }, ` in ${stage.stream}`)),
        el("div", { class: "queue-bar", "aria-hidden": "true" }, parts.fill));
    parts.root = el("li", { class: "stage", "data-stage": stage.key }, head, queue, el("dl", { class: "facts" }, facts));
    return parts;
}

function updateCard(card, stage, alarm) {
    setAttribute(card.root, "data-level", alarm?.level);
    const known = stage.replicas !== null;
    setText(card.number, !known ? "not known" : stage.replicas === 0 ? "none running" : plural(stage.replicas, "replica"));
    const squares = Math.min(stage.replicas ?? 0, SQUARES);
    if (card.replicas.childElementCount !== squares) card.replicas.replaceChildren(...Array.from({ length: squares }, () => el("i")));
    if (!stage.stream) return;
    if (!known) return forget(card);
    setText(card.waiting, count(stage.waiting) + (stage.isLowerBound ? "+" : ""));
    // logarithmic: a person can see one waiting entry, and the difference between 1,000 and 10,000
    card.fill.style.inlineSize = `${Math.min(100, 25 * Math.log10(1 + stage.waiting))}%`;
    setText(card["In hand"], count(stage.inHand));
    setText(card.Oldest, stage.waiting + stage.inHand === 0 ? "–" : duration(Math.max(stage.waitingMs, stage.inHandMs)));
    setText(card.Rate, rate(stage.rate));
    setText(card["Drains in"], stage.waiting === 0 ? "–" : stage.drainMs === null ? "never" : duration(stage.drainMs));
}

/** Removes the figures: old ones would look like a healthy stage. */
function forget(card) {
    card.fill.style.inlineSize = "0%";
    for (const value of [card.waiting, card["In hand"], card.Oldest, card.Rate, card["Drains in"]]) setText(value, "–");
}
