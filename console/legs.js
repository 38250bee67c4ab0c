// The legs of a split order, and of a possible split: a venue's part of the amount, with a transaction of its own.

import { el } from "./dom.js";
import { decimal, fromBase, list, share, venue } from "./format.js";
import { section } from "./section.js";

const LEVELS = { landed: "good", failed: "critical", submitted: "busy" };

export function legsSection(story, order) {
    if (story.legs.length === 0) return null;
    const inputs = story.legs.map((leg) => BigInt(leg.quote.amountIn));
    const rows = story.legs.map((leg, index) => el("li", { "data-level": LEVELS[leg.status] ?? "idle" },
        el("p", {}, el("strong", {}, venue(leg.quote.dex)), ` ${share(inputs[index], inputs)}, ${result(leg, order)}: `,
            el("span", { class: "outcome" }, outcome(leg, story))),
        leg.txHash ? el("p", { class: "hash" }, el("span", { class: "visually-hidden" }, "Transaction "), leg.txHash) : null));
    return section("Legs", el("ol", { class: "attempts legs", "aria-label": "Legs" }, rows));
}

/** What a failed order has filled nevertheless. */
export function filledSection(story, order) {
    if (!story.filled) return null;
    const facts = [
        [`Filled, ${order.tokenIn}`, `${decimal(story.filled.amountInDecimal)} of ${decimal(order.amountInDecimal)}`],
        [`Received, ${order.tokenOut}`, decimal(story.filled.amountOutDecimal)],
    ];
    return section("Filled in part", el("dl", { class: "facts wide filled" }, facts.map(([name, value]) =>
        el("div", {}, el("dt", {}, name), el("dd", {}, value)))));
}

/** What the split in an answer of /api/quotes would look like, and whether it would be chosen. */
export function splitLine(split, { tokenOut }) {
    const inputs = split.legs.map((leg) => BigInt(leg.amountIn));
    const parts = list(split.legs.map((leg, index) => `${share(inputs[index], inputs)} on ${venue(leg.dex)}`));
    const gain = split.gainBps === null ? "" : `, ${Math.abs(split.gainBps)} bps ${split.gainBps < 0 ? "less" : "more"}`;
    return el("p", { class: "quiet split" }, el("strong", {}, split.chosen ? "Split: " : "Not split: "),
        `${parts} ${split.chosen ? "bring" : "would bring"} ${decimal(split.amountOutDecimal)} ${tokenOut}${gain}.`);
}

function result(leg, order) {
    const { amountOut, amountOutDecimal } = leg.quote;
    if (leg.amountOut === undefined) return `${decimal(amountOutDecimal)} ${order.tokenOut} quoted`;
    return `${fromBase(BigInt(leg.amountOut), fractionDigits(amountOut, amountOutDecimal))} ${order.tokenOut}`;
}

/** A token's number of digits after the point, computed from one amount in base units and in whole tokens. */
function fractionDigits(units, whole) {
    const [, fraction = ""] = whole.split("."), digits = whole.replace(".", "").replace(/^0+/, "");
    return fraction.length + units.length - digits.length;
}

function outcome(leg, story) {
    if (leg.status === "submitted") return "waiting for the chain";
    if (leg.status === "quoted") return story.final ? "not sent" : "quoted";
    return leg.status === "failed" && !story.final ? "failed, tried again" : leg.status;
}
