// The order ticket. Each field shows what is wrong with it, and the ticket shows the order's cost. If the answer to a POST is lost, the POST is
// repeated under the same key.

import { because, isDown } from "./alarms.js";
import { idempotencyKey } from "./api.js";
import { createDoubt, same } from "./doubt.js";
import { byId, el, setAttribute, setNotice, setText } from "./dom.js";
import { paused } from "./pause.js";
import { insist } from "./insist.js";
import { createLiveQuotes } from "./live-quotes.js";
import { percent, severity } from "./offer.js";

const WORSE = 1; // per cent by which an impact may grow after a person has accepted it
const OFFER_LIMIT_MS = 3000; // when an order is placed: longest wait for quotes that are on their way

/**
 * `placed(id)`: an order was accepted. `turnedAway()`: an order was refused because new orders are refused for now. `cannot`: why the caller may
 * place no orders, or null.
 */
export function createTicket({ api, placed, turnedAway, cannot }) {
    const form = byId("ticket-form"), button = byId("place"), problem = byId("ticket-problem"), doorNote = byId("ticket-door");
    const field = { tokenIn: byId("token-in"), tokenOut: byId("token-out"), amount: byId("amount"), slippage: byId("slippage") };
    const presets = [...form.querySelectorAll("[data-slippage]")];
    const warning = byId("ticket-impact"), back = byId("go-back");
    let tokens = new Map(), partners = new Map(), sending = false, since = null, redis = null, turned = null;
    let asked = null; // the price impact, in per cent, that the page has asked the person about
    const quotes = createLiveQuotes({
        api, read: () => (tokens.size > 0 && Object.values(check()).every((text) => !text) ? values() : null),
        canPlace: () => !cannot && !since && !isDown(redis), told: showImpact,
    });
    const doubt = createDoubt({ ask: (order, key) => attempt(order, key) });

    async function load() {
        const [{ tokens: list }, { pools }] = await Promise.all([api.tokens(), api.pools()]);
        tokens = new Map(list.map((token) => [token.symbol, token]));
        partners = new Map(list.map((token) => [token.symbol, new Set()]));
        for (const { base, quote } of pools) {
            partners.get(base)?.add(quote);
            partners.get(quote)?.add(base);
        }
        const liquid = list.filter((token) => partners.get(token.symbol).size > 0), idle = list.filter((token) => !liquid.includes(token));
        options(field.tokenIn, liquid, idle, field.tokenIn.disabled ? "SOL" : field.tokenIn.value);
        partner(field.tokenOut.disabled ? "USDC" : field.tokenOut.value);
        for (const control of [field.tokenIn, field.tokenOut, byId("flip")]) control.disabled = false;
        button.disabled = cannot !== null;
        setAttribute(button, "aria-describedby", cannot && doorNote.id);
        changed();
    }

    function options(select, first, others, value) {
        const option = (token) => el("option", { value: token.symbol, title: token.name }, token.symbol);
        select.replaceChildren(el("optgroup", { label: "Direct pool" }, first.map(option)),
            ...(others.length > 0 ? [el("optgroup", { label: "Other tokens" }, others.map(option))] : []));
        select.value = value;
        if (select.selectedIndex < 0) select.selectedIndex = 0;
    }

    function partner(wanted) {
        const known = partners.get(field.tokenIn.value), rest = [...tokens.values()].filter((token) => token.symbol !== field.tokenIn.value);
        options(field.tokenOut, rest.filter((token) => known.has(token.symbol)), rest.filter((token) => !known.has(token.symbol)), wanted);
    }

    function values() {
        return {
            tokenIn: field.tokenIn.value, tokenOut: field.tokenOut.value, amount: field.amount.value.trim(),
            slippageBps: Math.round(Number(field.slippage.value) * 100),
        };
    }

    /** What is wrong with each field: a sentence, or nothing. The engine decides; this check only saves a request. */
    function check() {
        const amount = field.amount.value.trim(), slippage = field.slippage.value.trim(), token = tokens.get(field.tokenIn.value);
        const wrong = { amount: null, slippage: null };
        if (!/^\d+(\.\d+)?$/.test(amount)) wrong.amount = "Write a number such as 1.5.";
        else if (!/[1-9]/.test(amount)) wrong.amount = "The amount must be more than 0.";
        else if (token && (amount.split(".")[1]?.length ?? 0) > token.decimals) {
            wrong.amount = `${token.symbol} has ${token.decimals} digits after the point.`;
        }
        if (!/^\d+(\.\d{1,2})?$/.test(slippage) || Number(slippage) < 0.01 || Number(slippage) > 50) {
            wrong.slippage = "Write a percentage from 0.01 to 50.";
        }
        return wrong;
    }

    function showErrors(wrong) {
        for (const name of ["amount", "slippage"]) {
            setNotice(byId(`${name}-error`), wrong[name]);
            setAttribute(field[name], "aria-invalid", wrong[name] ? "true" : null);
        }
        setNotice(byId("pair-error"), wrong.tokenIn ?? wrong.tokenOut);
    }

    function changed() {
        showErrors(check());
        asked = null;
        forget();
        setText(byId("amount-unit"), field.tokenIn.value);
        for (const preset of presets) preset.setAttribute("aria-pressed", String(Number(preset.dataset.slippage) === Number(field.slippage.value)));
        if (!sending) label();
        quotes.changed();
    }

    function label(text) {
        const { amount, tokenIn, tokenOut } = values(), severe = severity(quotes.offer()) === "severe" && !check().amount;
        const usual = check().amount ? "Place order" : `Sell ${amount} ${tokenIn} for ${tokenOut}`;
        setText(button, text ?? (severe && asked !== null ? `${usual} at ${percent(quotes.offer().impact)} impact` : usual));
        button.classList.toggle("severe", severe);
    }

    /**
     * Shows the cost of an order before it is placed. The page asks once more about an order that moves the price far, and shows the cost meanwhile.
     */
    function showImpact() {
        const offer = quotes.offer(), severe = severity(offer) === "severe";
        if (!severe) asked = null;
        const cost = severe && `This order alone moves the price by ${percent(offer.impact)}, at your cost. A smaller one loses less.`;
        setNotice(warning, cost && asked !== null ? `${cost} Place it all the same?` : cost);
        back.hidden = asked === null;
        if (!sending) label();
    }

    async function submit(event) {
        event.preventDefault();
        if (sending || button.disabled) return;
        const wrong = check(), first = ["amount", "slippage"].find((name) => wrong[name]);
        if (first) {
            showErrors(wrong);
            return field[first].focus();
        }
        busy(true, "Placing…");
        forget();
        const order = values(), before = asked, offer = await quotes.settled(OFFER_LIMIT_MS);
        const accepted = severity(offer) !== "severe" || (before !== null && Number(offer.impact) <= before + WORSE);
        // if the form was changed meanwhile, it is another order, which nobody has placed yet
        const unchanged = same(order, values());
        asked = unchanged && !accepted ? Number(offer.impact) : null;
        if (unchanged && accepted) await attempt(order, doubt.keyOf(order) ?? idempotencyKey());
        busy(false);
        showImpact();
        if (asked !== null) back.focus();
    }

    function busy(now, text) {
        sending = now;
        setAttribute(button, "aria-disabled", now ? "true" : null);
        label(text);
    }

    async function attempt(order, key) {
        const again = (number, of) => label(`No answer yet, trying again (${number} of ${of})…`);
        try {
            const { orderId } = await insist(() => api.place(order, key), again);
            doubt.settled(key);
            placed(orderId);
        } catch (refusal) {
            if (refusal.uncertain) return doubt.raise(order, key, refusal.message);
            doubt.settled(key);
            refused(refusal);
        }
    }

    /** Removes the outcome of the last try, which is shown until the next one. */
    function forget() {
        turned = null;
        setNotice(problem, null);
        showDoor();
    }

    /** `at`: when the request was sent, on the page's clock. An answer that was on its way while an order was refused may be older than the pause. */
    function stand(door, standing, at) {
        since = paused(door);
        redis = standing;
        quotes.reconsider();
        if (since || turned === null) showDoor();
        else if (at > turned) forget();
    }

    function showDoor() {
        const words = `refused ${since ?? "for now"}`;
        const stays = `New orders have been ${words}. What is written here stays until they are taken again.`;
        const away = isDown(redis) ? `No order can be placed while Redis is down${because(redis)}. What is written here stays.` : null;
        setNotice(doorNote, cannot ?? away ?? (since && turned === null ? stays : null));
        if (turned !== null) setNotice(problem, `The order was not placed: new orders are ${words}.`);
    }

    function refused(refusal) {
        if (refusal.code === "PAUSED") {
            turned = performance.now();
            showDoor();
            return turnedAway();
        }
        const wrong = {};
        for (const { field: name, message } of refusal.errors ?? []) wrong[name === "slippageBps" ? "slippage" : name] = message;
        showErrors(wrong);
        const first = Object.keys(field).find((name) => wrong[name]);
        if (first) field[first].focus();
        else {
            const why = (refusal.message ?? "Something unexpected happened; reload the page").replace(/\.?$/, ".");
            setNotice(problem, `The order was not placed. ${why}`);
        }
    }

    form.addEventListener("submit", submit);
    back.addEventListener("click", () => {
        asked = null;
        showImpact();
        field.amount.focus();
    });
    field.amount.addEventListener("input", changed);
    field.slippage.addEventListener("input", changed);
    field.tokenOut.addEventListener("change", changed);
    field.tokenIn.addEventListener("change", () => {
        partner(field.tokenOut.value);
        changed();
    });
    byId("flip").addEventListener("click", () => {
        const [sold, bought] = [field.tokenIn.value, field.tokenOut.value];
        field.tokenIn.value = bought;
        partner(sold);
        changed();
    });
    for (const preset of presets) {
        preset.addEventListener("click", () => {
            field.slippage.value = preset.dataset.slippage;
            changed();
        });
    }
    return { load, stand, loaded: () => tokens.size > 0, refresh: quotes.changed };
}
