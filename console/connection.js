// Says whether the engine answers, counts down to the next try, and offers to try now.

import { summaryOf } from "./alarms.js";
import { byId, el, setAttribute, setText } from "./dom.js";
import { duration } from "./format.js";
import { titleAlarm } from "./title.js";

/** `retry()`: tries at once. */
export function createConnection({ retry }) {
    const notice = byId("connection"), freshness = byId("freshness"), overall = byId("overall");
    const text = el("span", { class: "connection-text" }), countdown = el("span", { class: "countdown", "aria-live": "off" });
    notice.append(text, " ", countdown, " ", el("button", { type: "button", class: "small", onclick: retry }, "Try now"));
    let lastSuccess = null, nextTry = null;

    function succeeded(alarms) {
        lastSuccess = Date.now();
        nextTry = null;
        notice.hidden = true;
        document.body.classList.remove("away");
        pill(summaryOf(alarms), alarms[0]?.level ?? "good");
        tick();
    }

    function failed(problem, wait) {
        nextTry = Date.now() + wait;
        setText(text, `${problem.message} What is shown may be out of date.`);
        notice.hidden = false;
        document.body.classList.add("away");
        pill("Not connected", "critical");
        tick();
    }

    /** The engine answers, and waits for a key. */
    function signedOut() {
        [lastSuccess, nextTry] = [null, null];
        notice.hidden = true;
        document.body.classList.remove("away");
        pill("Not signed in", "wait");
        tick();
    }

    function pill(words, level) {
        setText(overall, words);
        setAttribute(overall, "data-level", level);
        titleAlarm(level, words);
    }

    function tick() {
        setText(countdown, nextTry === null ? "" : nextTry - Date.now() > 1000 ? `Next try in ${duration(nextTry - Date.now())}.` : "Trying…");
        const age = lastSuccess === null ? null : Date.now() - lastSuccess;
        setText(freshness, age === null ? "" : age < 5000 && nextTry === null ? "live" : `as of ${duration(age)} ago`);
    }

    setInterval(tick, 1000);
    return { succeeded, failed, signedOut };
}
