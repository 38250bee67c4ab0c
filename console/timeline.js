// The parts of a followed order that are drawn anew with each event: steps, quotes, attempts, result, log.

import { el, svg } from "./dom.js";
import { againstQuote, clock, decimal, difference, duration, fromBase, levelOf, status, venue } from "./format.js";
import { missingNote, quoteTable } from "./quotes.js";
import { section } from "./section.js";

const NAMES = { pending: "Accepted", routing: "Routed", building: "Built", submitted: "Submitted", confirmed: "Confirmed" };
const WAITING_NAMES = { ...NAMES, open: "Waiting", pending: "Reached", submitted: "Sent" }; // six names have to fit on a phone

/** The five steps, and before them the wait for a price where there is one. An order that ended unfilled shows that in place of the last step. */
export function steps(story) {
    const at = story.steps.indexOf(story.last.status), ended = story.final && at < 0, names = story.waits ? WAITING_NAMES : NAMES;
    return el("ol", { class: "steps", "aria-label": "Steps" }, story.steps.map((step, index) => {
        const end = index === story.steps.length - 1;
        const done = story.final && !ended ? true : index < (ended ? story.reached + 1 : at);
        const state = end && ended ? levelOf(story.last.status) : done ? "done" : index === at ? "current" : "ahead";
        return el("li", { "data-state": state, "aria-current": state === "current" ? "step" : null },
            el("span", { class: "dot", "aria-hidden": "true" }), end && ended ? status(story.last.status) : names[step]);
    }));
}

export function quotesSection(story, order) {
    // The landed legs of a split order are not quoted again.
    const isWhole = story.quotes.every((quote) => quote.amountIn === order.amountIn);
    // of the whole nothing was chosen where only a part meets the limit
    const isPart = isWhole && story.quote && story.quote.amountIn !== order.amountIn;
    const quotes = story.legs.length > 0 && isWhole && !isPart ? [story.quote, ...story.quotes] : story.quotes;
    if (quotes.length === 0) return null;
    const title = isPart ? "Quotes for the whole" : isWhole ? "Quotes compared" : "Quotes compared, for the rest";
    const table = quoteTable(quotes, { tokenOut: order.tokenOut, chosen: isPart ? null : story.chosen, caption: title });
    return section(title, table, missingNote(story.unavailable));
}

export function attemptsSection(story) {
    if (story.attempts.length === 0) return null;
    const rows = story.attempts.map((attempt) => el("li", { "data-level": attempt.level },
        el("p", {}, el("strong", {}, `Attempt ${attempt.number} of ${story.maxAttempts}`), ` on ${venue(attempt.dex)}: `,
            el("span", { class: "outcome" }, attempt.outcome)),
        attempt.hashes.map((hash) => el("p", { class: "hash" }, el("span", { class: "visually-hidden" }, "Transaction "), hash))));
    return section("Transactions", el("ol", { class: "attempts" }, rows));
}

/** The result: what was received against the quote and against the minimum allowed, in amounts and on a scale. */
export function resultSection(story, order) {
    const { result, quote } = story;
    if (!result || !quote) return null;
    const received = BigInt(result.amountOut), quoted = BigInt(quote.amountOut), minReceived = BigInt(quote.minReceived);
    const facts = [
        [`Received, ${order.tokenOut}`, decimal(result.amountOutDecimal)],
        ["Quoted", decimal(quote.amountOutDecimal)],
        ["Difference", `${difference(result.amountOutDecimal, quote.amountOutDecimal)} (${againstQuote(result.realisedSlippageBps)})`],
        ["Least allowed", decimal(quote.minReceivedDecimal)],
        ["Price", decimal(result.executedPrice)],
        ["Quoted price", decimal(quote.price)],
        ["Network fee", `${fromBase(BigInt(result.networkFeeLamports ?? 0), 9)} SOL`],
    ];
    return section("Price against quote", scale(received, quoted, minReceived),
        el("dl", { class: "facts wide" }, facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))));
}

function scale(received, quoted, minReceived) {
    const from = Number(minReceived), to = Number(received > quoted ? received : quoted);
    const x = (value) => (to === from ? 100 : (100 * (Number(value) - from)) / (to - from));
    return el("div", { class: "scale" },
        svg("svg", { viewBox: "-2 0 104 14", preserveAspectRatio: "none", "aria-hidden": "true" },
            svg("rect", { class: "track", x: 0, y: 5, width: 100, height: 4, rx: 1 }),
            svg("rect", { class: received >= quoted ? "fill good" : "fill", x: 0, y: 5, width: Math.max(0, x(received)), height: 4, rx: 1 }),
            svg("line", { class: "mark", x1: x(quoted), x2: x(quoted), y1: 1, y2: 13 })),
        el("p", { class: "times", "aria-hidden": "true" },
            el("span", {}, "least allowed"), el("span", {}, received > quoted ? "▏quoted, and more" : "▏quoted")));
}

export function errorSection(story) {
    if (!story.error) return null;
    return el("p", { class: "notice", "data-level": "critical" }, el("strong", {}, `${story.error.code}: `), story.error.message);
}

/** Every event, oldest first, with the time since the first. */
export function log(events) {
    const begun = Date.parse(events[0].timestamp);
    return section("What happened", el("ol", { class: "log", "aria-label": "Events" }, events.map((event) => el("li", { "data-type": event.type },
        el("time", { datetime: event.timestamp, title: clock(event.timestamp) }, `+${duration(Date.parse(event.timestamp) - begun)}`),
        el("span", { class: "what" }, event.message)))));
}
