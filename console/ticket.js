// The order ticket. Each field shows what is wrong with it, and the ticket says what the order will do and what it costs. If the answer to a POST is
// lost, the POST is repeated under the same key.

import { because, isDown } from "./alarms.js";
import { idempotencyKey } from "./api.js";
import { createDoubt, same } from "./doubt.js";
import { byId, setAttribute, setNotice, setText } from "./dom.js";
import { priceOf, unitsOf } from "./exact.js";
import { paused } from "./pause.js";
import { insist } from "./insist.js";
import { createLiveQuotes } from "./live-quotes.js";
import { percent, severity } from "./offer.js";
import { beginsAtOnce, fieldsOf, typeName, usualPriceToken } from "./order-types.js";
import { amountProblem, requestOf, wrongTerms } from "./terms.js";
import { createTerms } from "./ticket-terms.js";
import { fieldErrors, placedText } from "./ticket-texts.js";
import { createTokenPair } from "./token-pair.js";
import { requestSentence } from "./wording.js";

const WORSE = 1; // per cent by which an impact may grow after a person has accepted it
const OFFER_LIMIT_MS = 3000; // when an order is placed: longest wait for quotes that are on their way
const INCOMPLETE = "What will happen is said here, once all fields are filled in.";

/**
 * `placed(id)`: an order was accepted. `turnedAway()`: an order was refused because new orders are refused for now. `cannot`: why the caller may
 * place no orders, or null.
 */
export function createTicket({ api, placed, turnedAway, cannot }) {
    const form = byId("ticket-form"), button = byId("place"), problem = byId("ticket-problem"), doorNote = byId("ticket-door");
    const pair = createTokenPair({ changed }), terms = createTerms({ changed });
    const field = { amount: byId("amount"), ...terms.control }, warning = byId("ticket-impact"), back = byId("go-back");
    let sending = false, since = null, redis = null, turned = null;
    let lastPrice = null; // stays until the quotes for what was changed are there, so that nothing jumps while a person types
    let asked = null; // the price impact, in per cent, that the page has asked the person about
    const quotes = createLiveQuotes({
        api, read: wantedQuotes, canPlace: () => !cannot && !since && !isDown(redis), told: showImpact,
        waits: () => !beginsAtOnce(terms.type(), terms.values().timeInForce),
    });
    const doubt = createDoubt({ ask: (order, key) => attempt(order, key) });

    async function load() {
        const [{ tokens }, { pools }] = await Promise.all([api.tokens(), api.pools()]);
        pair.load(tokens, pools);
        button.disabled = cannot !== null;
        setAttribute(button, "aria-describedby", cannot ? doorNote.id : "ticket-sentence");
        changed();
    }

    const tokens = () => ({ tokenIn: pair.tokenIn(), tokenOut: pair.tokenOut() });
    const amount = () => field.amount.value.trim();

    /** The pair as the terms of an order see it. */
    function market() {
        const { tokenIn, tokenOut } = tokens(), priced = terms.priced({ tokenIn, tokenOut }), offer = quotes.offer();
        const known = {
            tokenIn, tokenOut, inDigits: pair.digits(tokenIn), outDigits: pair.digits(tokenOut), sells: priced === null ? null : priced === tokenIn,
        };
        const of = `${tokenIn} ${tokenOut} ${priced}`;
        if (offer && priced !== null) {
            lastPrice = { of, price: priceOf(unitsOf(offer.amountIn, known.inDigits), unitsOf(offer.amountOut, known.outDigits), known) };
        }
        return { ...known, price: lastPrice?.of === of ? lastPrice.price : null };
    }

    /** What is wrong with each field: a sentence, or nothing. The engine decides; this check only saves a request. */
    function check() {
        const wrong = pair.loaded() ? wrongTerms(terms.type(), terms.values(), market(), Date.now()) : {};
        return { ...wrong, amount: amountProblem(amount(), pair.digits(pair.tokenIn()), pair.tokenIn()) };
    }

    /** The request that the ticket stands for; null while a field is wrong. */
    function request() {
        if (!pair.loaded() || firstOf(check())) return null;
        const { tokenIn, tokenOut } = tokens(), priceToken = usualPriceToken(tokenIn, tokenOut) ? null : terms.priced(tokens());
        return requestOf(terms.type(), terms.values(), { tokenIn, tokenOut, amount: amount() }, priceToken);
    }

    function wantedQuotes() {
        const wrong = check(), hasSlippage = fieldsOf(terms.type(), terms.values()).includes("slippage");
        if (!pair.loaded() || wrong.amount || wrong.slippage) return null;
        return { ...tokens(), amount: amount(), slippageBps: hasSlippage ? Math.round(Number(terms.values().slippage) * 100) : null };
    }

    const firstOf = (wrong) => Object.keys(field).find((name) => wrong[name]);

    function showErrors(wrong) {
        for (const [name, control] of Object.entries(field)) {
            setNotice(byId(`${control.id}-error`), wrong[name]);
            setAttribute(control, "aria-invalid", wrong[name] ? "true" : null);
        }
        setNotice(byId("pair-error"), wrong.tokenIn ?? wrong.tokenOut);
    }

    /** A field that nobody has written into yet is not called wrong before the order is placed. */
    function changed() {
        if (pair.loaded()) terms.show(tokens());
        const values = terms.values();
        showErrors(Object.fromEntries(Object.entries(check()).filter(([name]) => values[name] !== "")));
        asked = null;
        forget();
        setText(byId("amount-unit"), pair.tokenIn());
        quotes.changed();
        showOutlook();
        if (!sending) label();
    }

    /** Says what will happen, and what the price is now. */
    function showOutlook() {
        const order = request(), sentence = byId("ticket-sentence");
        setText(sentence, order ? requestSentence(order, market()) : INCOMPLETE);
        setAttribute(sentence, "data-state", order ? null : "incomplete");
        terms.quote(market().price, tokens());
    }

    function label(text) {
        const { tokenIn, tokenOut } = tokens(), severe = danger() === "severe" && !check().amount, type = terms.type();
        const noun = type === "oco" ? "both orders" : `${typeName(type).toLowerCase()} order`;
        const deed = type === "market" ? `Sell ${amount()} ${tokenIn} for ${tokenOut}` : `Place ${noun}`;
        const usual = check().amount ? "Place order" : deed;
        setText(button, text ?? (severe && asked !== null ? `${usual} at ${percent(quotes.offer().impact)} impact` : usual));
        button.classList.toggle("severe", severe);
    }

    /** How dangerous the impact of the order is. A limit price is a floor, whatever the impact. */
    function danger() {
        return isFloored() ? null : severity(quotes.offer());
    }

    function isFloored() {
        const values = terms.values();
        return values.limitPrice !== "" && fieldsOf(terms.type(), values).includes("limitPrice");
    }

    /**
     * Shows the cost of an order before it is placed. The page asks once more about an order that moves the price far, and shows the cost meanwhile.
     */
    function showImpact() {
        if (!quotes.offer()) lastPrice = null;
        const severe = danger() === "severe";
        if (!severe) asked = null;
        const cost = severe && `This order alone moves the price by ${percent(quotes.offer().impact)}, at your cost. A smaller one loses less.`;
        setNotice(warning, cost && asked !== null ? `${cost} Place it all the same?` : cost);
        back.hidden = asked === null;
        showOutlook();
        if (!sending) label();
    }

    async function submit(event) {
        event.preventDefault();
        if (sending || button.disabled) return;
        const wrong = check(), first = firstOf(wrong);
        if (first) {
            showErrors(wrong);
            return field[first].focus();
        }
        busy(true, "Placing…");
        forget();
        const order = request(), before = asked, offer = isFloored() ? null : await quotes.settled(OFFER_LIMIT_MS);
        const accepted = severity(offer) !== "severe" || (before !== null && Number(offer.impact) <= before + WORSE);
        // if the form was changed meanwhile, it is another order, which nobody has placed yet
        const unchanged = same(order, request());
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
            const answer = await insist(() => (order.orders ? api.placePair(order, key) : api.place(order, key)), again);
            doubt.settled(key);
            terms.forgetTick();
            setNotice(byId("ticket-placed"), placedText(answer));
            placed(answer.orderId ?? answer.orders[0].orderId);
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
        setNotice(byId("ticket-placed"), null);
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
        const wrong = fieldErrors(refusal), shown = (name) => field[name]?.offsetParent;
        showErrors(wrong);
        const first = Object.keys(field).find((name) => wrong[name] && shown(name));
        if (first) return field[first].focus();
        if (wrong.tokenIn || wrong.tokenOut) return byId(wrong.tokenIn ? "token-in" : "token-out").focus();
        const why = (refusal.message ?? "Something unexpected happened; reload the page").replace(/\.?$/, ".");
        setNotice(problem, `The order was not placed. ${why}`);
    }

    form.addEventListener("submit", submit);
    back.addEventListener("click", () => {
        asked = null;
        showImpact();
        field.amount.focus();
    });
    field.amount.addEventListener("input", changed);
    return { load, stand, loaded: pair.loaded, refresh: quotes.changed };
}
