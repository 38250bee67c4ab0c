// Quotes while typing: asked for a moment after the last change, and now and then while nothing changes.

import { byId, el, emptyNote, setText } from "./dom.js";
import { decimal, venue } from "./format.js";
import { splitLine } from "./legs.js";
import { missingNote, quoteTable } from "./quotes.js";

const DEBOUNCE_MS = 250, REFRESH_MS = 5000;

/** `read()`: the ticket's values, or null while they are not complete. */
export function createLiveQuotes({ api, read }) {
    const root = byId("quotes"), body = byId("quotes-body"), summary = byId("quotes-summary");
    let timer = null, flight = null, shown = null;

    function changed() {
        root.setAttribute("aria-busy", "true");
        flight?.abort();
        schedule(DEBOUNCE_MS);
    }

    function schedule(wait) {
        clearTimeout(timer);
        timer = setTimeout(ask, wait);
    }

    async function ask() {
        const values = read();
        if (!values) {
            root.removeAttribute("aria-busy");
            return show(null, emptyNote("Quotes of all venues are shown here once the amount is valid."), "");
        }
        if (document.hidden) return schedule(REFRESH_MS);
        const mine = (flight = new AbortController());
        try {
            const answer = await api.quotes(values, mine.signal);
            show(answer.best, table(answer, values), sentence(answer, values));
        } catch (problem) {
            if (mine.signal.aborted) return;
            const consolation = problem.away ? "The order can be placed all the same: it is routed when a router is there." : "";
            show(null, emptyNote(el("strong", {}, "No quotes. "), problem.message), consolation);
        }
        root.removeAttribute("aria-busy");
        schedule(REFRESH_MS);
    }

    function show(best, content, text) {
        shown = best;
        body.replaceChildren(content);
        setText(summary, text);
    }

    function table(answer, values) {
        const caption = `Quotes for ${values.amount} ${values.tokenIn}`;
        return el("div", {},
            answer.quotes.length > 0 ? quoteTable(answer.quotes, { tokenOut: values.tokenOut, chosen: answer.best, caption }) : null,
            answer.split ? splitLine(answer.split, values) : null, missingNote(answer.unavailable));
    }

    function sentence(answer, values) {
        if (answer.split?.chosen) {
            const venues = [...new Set(answer.split.legs.map((leg) => leg.dex))].join("+");
            return `About ${decimal(answer.split.amountOutDecimal)} ${values.tokenOut} on ${venue(venues)}, a transaction each.`;
        }
        const best = answer.quotes.find((quote) => quote.dex === answer.best);
        return best
            ? `About ${decimal(best.amountOutDecimal)} ${values.tokenOut} on ${venue(best.dex)}, at least ${decimal(best.minReceivedDecimal)}.`
            : "";
    }

    document.addEventListener("visibilitychange", () => {
        if (!document.hidden && shown) ask();
    });
    return { changed };
}
