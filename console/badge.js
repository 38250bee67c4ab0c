// Says what kind of market this is, so that nobody takes a simulation for the real thing.

import { byId, setAttribute, setNotice } from "./dom.js";

const MARKETS = {
    mock: ["Mock market", "Prices, pools and transactions are simulated. Nothing is traded."],
    live: ["Paper trading", "Prices are those of the real venues. Transactions are simulated: nothing is traded."],
    mixed: ["Mixed markets", "Some routers quote a simulated market, others real venues: their VENUES differ. Transactions are simulated."],
};

/** Shows what `/health` said last. Shows nothing until a router has said what it trades at. */
export function createBadge() {
    const badge = byId("market"), what = byId("market-what");

    function show(venues) {
        if (!MARKETS[venues]) return;
        const [name, meaning] = MARKETS[venues];
        setNotice(badge, name);
        setAttribute(badge, "title", meaning);
        setNotice(what, meaning);
    }

    return { show };
}
