// The two tokens of the ticket. Tokens with a pool for the pair come first.

import { byId, el } from "./dom.js";

/** `changed()`: another token is chosen. */
export function createTokenPair({ changed }) {
    const sold = byId("token-in"), bought = byId("token-out"), flip = byId("flip");
    let tokens = new Map(), partners = new Map();

    function load(list, pools) {
        tokens = new Map(list.map((token) => [token.symbol, token]));
        partners = new Map(list.map((token) => [token.symbol, new Set()]));
        for (const { base, quote } of pools) {
            partners.get(base)?.add(quote);
            partners.get(quote)?.add(base);
        }
        const liquid = list.filter((token) => partners.get(token.symbol).size > 0), idle = list.filter((token) => !liquid.includes(token));
        options(sold, liquid, idle, sold.disabled ? "SOL" : sold.value);
        partner(bought.disabled ? "USDC" : bought.value);
        for (const control of [sold, bought, flip]) control.disabled = false;
    }

    function options(select, first, others, value) {
        const option = (token) => el("option", { value: token.symbol, title: token.name }, token.symbol);
        select.replaceChildren(el("optgroup", { label: "Direct pool" }, first.map(option)),
            ...(others.length > 0 ? [el("optgroup", { label: "Other tokens" }, others.map(option))] : []));
        select.value = value;
        if (select.selectedIndex < 0) select.selectedIndex = 0;
    }

    function partner(wanted) {
        const known = partners.get(sold.value), rest = [...tokens.values()].filter((token) => token.symbol !== sold.value);
        options(bought, rest.filter((token) => known.has(token.symbol)), rest.filter((token) => !known.has(token.symbol)), wanted);
    }

    bought.addEventListener("change", changed);
    sold.addEventListener("change", () => {
        partner(bought.value);
        changed();
    });
    flip.addEventListener("click", () => {
        const [before, after] = [sold.value, bought.value];
        sold.value = after;
        partner(before);
        changed();
    });
    return {
        load, loaded: () => tokens.size > 0, tokenIn: () => sold.value, tokenOut: () => bought.value,
        digits: (symbol) => tokens.get(symbol)?.decimals,
    };
}
