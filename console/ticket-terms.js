// The part of the ticket that depends on the type of the order: it shows the fields of the type, and names prices by their tokens.

import { brief, PRICE_DIGITS, shortest } from "./exact.js";
import { byId, el, setText } from "./dom.js";
import { localTime } from "./local-time.js";
import { fieldsOf, TIMES, timesOf, TYPES, usualPriceToken } from "./order-types.js";

const HOUR_MS = 3_600_000;

/** The controls by the names of their fields, from top to bottom. */
const CONTROLS = {
    priceToken: "price-token", triggerPrice: "trigger-price", stopPrice: "stop-price", trailing: "trailing", limitPrice: "limit-price",
    minLiquidity: "min-liquidity", timeInForce: "time-in-force", expiry: "expiry", slippage: "slippage", stopSlippage: "stop-slippage",
};

/** `changed()`: a field is different. */
export function createTerms({ changed }) {
    const form = byId("ticket-form"), select = byId("order-type"), tick = byId("allow-immediate");
    const control = Object.fromEntries(Object.entries(CONTROLS).map(([name, id]) => [name, byId(id)]));
    const sections = [...form.querySelectorAll("[data-term]")], presets = [...form.querySelectorAll("[data-slippage]")];
    const ends = [...form.querySelectorAll("[data-hours]")];
    let ownSlippage = false;

    const type = () => select.value;

    function values() {
        const texts = Object.fromEntries(Object.entries(control).map(([name, node]) => [name, node.value.trim()]));
        return { ...texts, allowImmediate: tick.checked ? "yes" : "" };
    }

    /** The token whose price all prices are; null while that is open. */
    function priced({ tokenIn, tokenOut }) {
        const usual = usualPriceToken(tokenIn, tokenOut), chosen = control.priceToken.value;
        return usual ?? ([tokenIn, tokenOut].includes(chosen) ? chosen : null);
    }

    /** Shows the fields of the type, in the words of these tokens. */
    function show(tokens) {
        const isPlain = type() === "market" || usualPriceToken(tokens.tokenIn, tokens.tokenOut) !== null;
        showTimes();
        const shown = new Set([...fieldsOf(type(), values()), ...(isPlain ? [] : ["priceToken"])]);
        for (const section of sections) section.hidden = !shown.has(section.dataset.term);
        for (const preset of presets) preset.setAttribute("aria-pressed", String(Number(preset.dataset.slippage) === Number(control.slippage.value)));
        setText(byId("type-does"), TYPES[type()].does);
        if (!isPlain) offerPriceTokens(tokens);
        name(tokens);
    }

    function showTimes() {
        const wanted = timesOf(type(), values()), had = control.timeInForce.value;
        if (wanted.join() === [...control.timeInForce.options].map((option) => option.value).join()) return;
        control.timeInForce.replaceChildren(...wanted.map((time) => el("option", { value: time }, TIMES[time])));
        control.timeInForce.value = wanted.includes(had) ? had : "gtc";
    }

    function offerPriceTokens({ tokenIn, tokenOut }) {
        const wanted = [tokenIn, tokenOut], had = control.priceToken.value;
        if (wanted.join() === [...control.priceToken.options].slice(1).map((option) => option.value).join()) return;
        const option = (symbol, unit) => el("option", { value: symbol }, `${symbol}, in ${unit}`);
        control.priceToken.replaceChildren(el("option", { value: "" }, "Choose…"), option(tokenIn, tokenOut), option(tokenOut, tokenIn));
        control.priceToken.value = wanted.includes(had) ? had : "";
    }

    /** Names each price by its token and its unit. */
    function name({ tokenIn, tokenOut }) {
        const token = priced({ tokenIn, tokenOut }), unit = token === null ? "" : token === tokenIn ? tokenOut : tokenIn;
        const of = token === null ? "" : ` of ${token}`, isPair = type() === "oco";
        const labels = {
            limitPrice: `Limit price${of}${TYPES[type()].optional?.includes("limitPrice") ? ", if you want one" : ""}`,
            triggerPrice: isPair ? `Take profit at this price${of}` : `Trigger price${of}`, stopPrice: `Stop at this price${of}`,
            trailing: `Distance from the best price${of}`, slippage: isPair ? "Slippage allowed, take-profit" : "Slippage allowed",
        };
        for (const [field, label] of Object.entries(labels)) setText(form.querySelector(`label[for="${CONTROLS[field]}"]`), label);
        for (const node of form.querySelectorAll("[data-unit=price]")) setText(node, unit);
        for (const node of form.querySelectorAll("[data-unit=sold]")) setText(node, tokenIn);
    }

    /** Says what the price is now. `price`: in its units, or null. */
    function quote(price, { tokenIn, tokenOut }) {
        const token = priced({ tokenIn, tokenOut }), isOfUse = price !== null && type() !== "market" && type() !== "sniper";
        const note = byId("price-now");
        note.hidden = !isOfUse;
        if (isOfUse) setText(note, `${token} is at about ${brief(shortest(price, PRICE_DIGITS))} ${token === tokenIn ? tokenOut : tokenIn} now.`);
    }

    /** What a type does without is not taken over from the type before. */
    function choose() {
        tick.checked = false;
        for (const optional of TYPES[type()].optional ?? []) control[optional].value = "";
        if (!ownSlippage) control.slippage.value = TYPES[type()].slippage ?? "1";
        changed();
    }

    /** The tick is for one order only. */
    function forgetTick() {
        tick.checked = false;
    }

    select.replaceChildren(...Object.entries(TYPES).map(([value, { name: label }]) => el("option", { value }, label)));
    select.addEventListener("change", choose);
    tick.addEventListener("change", changed);
    control.slippage.addEventListener("input", () => {
        ownSlippage = true;
    });
    for (const node of Object.values(control)) node.addEventListener(node.tagName === "SELECT" ? "change" : "input", changed);
    control.timeInForce.addEventListener("change", () => {
        if (control.timeInForce.value !== "gtd" || control.expiry.value) return;
        control.expiry.value = localTime(Date.now() + 24 * HOUR_MS);
        changed();
    });
    for (const preset of presets) {
        preset.addEventListener("click", () => {
            ownSlippage = true;
            control.slippage.value = preset.dataset.slippage;
            changed();
        });
    }
    for (const end of ends) {
        end.addEventListener("click", () => {
            control.expiry.value = localTime(Date.now() + Number(end.dataset.hours) * HOUR_MS);
            changed();
        });
    }
    return { control: { ...control, allowImmediate: tick }, type, values, priced, show, quote, forgetTick };
}
