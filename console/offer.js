// What a swap would yield, and how far it would move the price, before the order is placed. Pure except for the elements.

import { el } from "./dom.js";
import { decimal, venue } from "./format.js";

const NOTABLE = 1, SEVERE = 5; // per cent of price impact: from NOTABLE on the page points at it, from SEVERE on it asks

/** The terms of an answer of /api/quotes: those of the split if the order would be split, else those of the best venue. */
export function offerOf(answer) {
    const split = answer.split?.chosen ? answer.split : null;
    const best = split ?? answer.quotes.find((quote) => quote.dex === answer.best) ?? answer;
    const venues = split ? [...new Set(split.legs.map((leg) => leg.dex))].join("+") : answer.best;
    return {
        venues, legs: split ? split.legs.length : 1, amountIn: answer.amountInDecimal, amountOut: best.amountOutDecimal,
        minReceived: best.minReceivedDecimal ?? null, feeBps: best.feeBps ?? null, impact: best.priceImpactPct ?? null,
    };
}

/** `severe`: the page asks about it. `notable`: the page points at it. null: neither, or not known. */
export function severity(offer) {
    const impact = Number(offer?.impact ?? 0);
    return impact >= SEVERE ? "severe" : impact >= NOTABLE ? "notable" : null;
}

/** Per cent, as short as it still says enough: 78.1 %, 0.0012 %. */
export function percent(text) {
    if (text === null || text === undefined) return "not known";
    const value = Number(text);
    return `${value >= 10 ? value.toFixed(1) : Number(value.toPrecision(3))}%`;
}

/** Price impact, fee and the minimum that is received. An order that `waits` gets none of these quotes, so no minimum follows from them. */
export function terms(offer, { tokenOut }, waits) {
    const level = { severe: "critical", notable: "warning" }[severity(offer)] ?? null;
    const facts = [
        ["Price impact", el("dd", { class: "impact", "data-level": level }, percent(offer.impact))],
        ["Fee", el("dd", {}, offer.feeBps === null ? "not known" : percent(offer.feeBps / 100))],
    ];
    const least = offer.minReceived === null ? "not known" : `${decimal(offer.minReceived)} ${tokenOut}`;
    if (!waits) facts.push(["Received at least", el("dd", {}, least)]);
    return el("dl", { class: "facts terms" }, facts.map(([name, value]) => el("div", {}, el("dt", {}, name), value)));
}

export function sentence(offer, { tokenOut }, waits) {
    const each = offer.legs > 1 ? ", a transaction each" : "";
    const advice = severity(offer) === "notable" ? " The order moves the price against itself; a smaller one moves it less." : "";
    if (waits) return `A swap at this moment would bring about ${decimal(offer.amountOut)} ${tokenOut} on ${venue(offer.venues)}.`;
    return `About ${decimal(offer.amountOut)} ${tokenOut} on ${venue(offer.venues)}${each}.${advice}`;
}
