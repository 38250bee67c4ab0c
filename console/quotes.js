// Compares the venues' quotes: the same table in the ticket and in an order's story.

import { el } from "./dom.js";
import { decimal, venue } from "./format.js";

/** A table of quotes, best first. `chosen`: the venue's name. */
export function quoteTable(quotes, { tokenOut, chosen, caption }) {
    const max = Math.max(...quotes.map((quote) => Number(quote.amountOut)));
    const min = Math.min(...quotes.map((quote) => Number(quote.amountOut)));
    return el("table", { class: "quote-table" },
        el("caption", { class: "visually-hidden" }, caption),
        el("thead", {}, el("tr", {}, ...["Venue", `Receive ${tokenOut}`, "Price", "Fee", "Impact"].map((name, index) =>
            el("th", { scope: "col", class: index > 0 ? "number" : null }, name)))),
        el("tbody", {}, quotes.map((quote) => row(quote, quote.dex === chosen, share(Number(quote.amountOut), min, max)))));
}

/** A note about venues without a quote, `[{dex, message}]`; null if there are none. */
export function missingNote(unavailable) {
    if (!unavailable?.length) return null;
    return el("p", { class: "quiet" }, unavailable.map(({ dex, message }) => `${venue(dex)}: ${message}`).join(" "));
}

/** The length of a bar. Bars start at half: venues differ by a few hundredths of a per cent, which bars from zero would not show. */
function share(value, min, max) {
    return max === min ? 100 : 50 + (50 * (value - min)) / (max - min);
}

function row(quote, best, width) {
    const bar = el("span", { class: "bar-fill", "aria-hidden": "true" });
    bar.style.inlineSize = `${width}%`;
    return el("tr", { class: best ? "best" : null },
        el("th", { scope: "row" }, venue(quote.dex), best ? el("span", { class: "tag" }, "best") : null,
            quote.hops ? el("span", { class: "quiet" }, ` over ${quote.hops[0].tokenOut}`) : null),
        el("td", { class: "number out" }, decimal(quote.amountOutDecimal), bar),
        el("td", { class: "number" }, decimal(quote.price)),
        el("td", { class: "number" }, `${Number((quote.feeBps / 100).toFixed(4))}%`),
        el("td", { class: "number" }, `${quote.priceImpactPct}%`));
}
