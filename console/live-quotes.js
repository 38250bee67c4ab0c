// Quotes while a person types: fetched a moment after the last change, and now and then while nothing changes.

import { byId, el, emptyNote, setText } from "./dom.js";
import { splitLine } from "./legs.js";
import { offerOf, sentence, terms } from "./offer.js";
import { missingNote, quoteTable } from "./quotes.js";

const DEBOUNCE_MS = 250, REFRESH_MS = 5000, CALM_MS = 15_000, CALM_AFTER_MS = 60_000;

/**
 * `read()`: the ticket's values, or null while they are incomplete. `canPlace()`: whether the engine would accept an order now. `waits()`: whether
 * the order waits for a price, so that it gets none of these quotes. `told()`: there are new quotes, or there are none any more.
 */
export function createLiveQuotes({ api, read, canPlace, waits, told }) {
    const root = byId("quotes"), body = byId("quotes-body"), summary = byId("quotes-summary");
    let timer = null, flight = null, offer = null, problem = null, touched = Date.now();

    function changed() {
        root.setAttribute("aria-busy", "true");
        touched = Date.now();
        flight?.abort.abort();
        [flight, offer, problem] = [null, null, null];
        schedule(DEBOUNCE_MS);
    }

    function schedule(wait) {
        clearTimeout(timer);
        timer = setTimeout(ask, wait);
    }

    /** The terms of what the ticket says now. Waits up to `limit` ms for an answer that is on its way; null if there is none by then. */
    async function settled(limit) {
        if (!offer && !problem) await Promise.race([flight?.done ?? ask(), new Promise((done) => setTimeout(done, limit))]);
        return offer;
    }

    function ask() {
        clearTimeout(timer);
        const values = read();
        if (!values) {
            root.removeAttribute("aria-busy");
            return show(null, null, emptyNote("Quotes of all venues are shown here once the amount is valid."), "");
        }
        if (document.hidden) return schedule(REFRESH_MS);
        flight?.abort.abort();
        flight = { abort: new AbortController() };
        flight.done = fetchFor(values, flight);
        return flight.done;
    }

    async function fetchFor(values, mine) {
        try {
            const answer = await api.quotes(values, mine.abort.signal);
            if (mine !== flight) return;
            const found = offerOf(answer);
            show(found, null, table(answer, values, found), sentence(found, values, waits()));
        } catch (lost) {
            if (mine.abort.signal.aborted) return;
            show(null, lost, emptyNote(el("strong", {}, "No quotes. "), lost.message), consolation(lost));
        }
        flight = null;
        root.removeAttribute("aria-busy");
        schedule(Date.now() - touched > CALM_AFTER_MS ? CALM_MS : REFRESH_MS);
    }

    /** A consoling sentence, only while it is true: an order needs a gateway and Redis, but no router. */
    function consolation(lost) {
        const takenIn = lost.away && canPlace() && !waits();
        return takenIn ? "The order can be placed all the same: it is routed when a router is there, at the price there is then." : "";
    }

    function show(found, lost, content, text) {
        [offer, problem] = [found, lost];
        body.replaceChildren(content);
        setText(summary, text);
        told();
    }

    function table(answer, values, found) {
        const caption = `Quotes for ${values.amount} ${values.tokenIn}`;
        return el("div", {},
            answer.quotes.length > 0 ? quoteTable(answer.quotes, { tokenOut: values.tokenOut, chosen: answer.best, caption }) : null,
            answer.split ? splitLine(answer.split, values) : null, missingNote(answer.unavailable), terms(found, values, waits()));
    }

    document.addEventListener("visibilitychange", () => {
        if (!document.hidden && (offer || problem)) ask();
    });
    return {
        changed, settled, offer: () => offer,
        /** To be called when the engine starts or stops accepting orders. */
        reconsider: () => problem && setText(summary, consolation(problem)),
    };
}
