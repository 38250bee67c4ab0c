// The ticket's texts as a request for an order, and what is wrong with them. The engine decides; these checks only save a request. Pure.

import { bpsOf, PRICE_DIGITS, unitsOf } from "./exact.js";
import { fieldsOf, TYPES } from "./order-types.js";

const LONGEST_WAIT_MS = 90 * 86_400_000;

const CHECKS = {
    limitPrice: price, triggerPrice: price, stopPrice: price, slippage, stopSlippage: slippage,
    minLiquidity: (text, { inDigits, tokenIn }) => amountProblem(text, inDigits, tokenIn),
    trailing: (text) => (within(text, 10, 9000) ? null : "Write a percentage from 0.1 to 90."),
    priceToken: (text) => (text ? null : "Choose whose price you mean."),
    expiry: (text, { now }) => {
        const left = Date.parse(text) - now;
        if (Number.isNaN(left)) return "Choose a day and a time.";
        return left <= 0 ? "Choose a time that is still to come." : left > LONGEST_WAIT_MS ? "Choose a time within the next 90 days." : null;
    },
};

const within = (text, least, most) => {
    const bps = bpsOf(text);
    return bps !== null && bps >= least && bps <= most;
};

function price(text) {
    const units = unitsOf(text, PRICE_DIGITS);
    if (units === null) return /^\d+\.\d+$/.test(text) ? "A price has at most 18 digits after the point." : "Write a price such as 180 or 0.25.";
    return units > 0n ? null : "The price must be more than 0.";
}

function slippage(text) {
    return within(text, 1, 5000) ? null : "Write a percentage from 0.01 to 50.";
}

/** What is wrong with an amount of a token with so many digits after the point: a sentence, or null. */
export function amountProblem(text, digits, symbol) {
    if (!/^\d+(\.\d+)?$/.test(text)) return "Write a number such as 1.5.";
    if (!/[1-9]/.test(text)) return "The amount must be more than 0.";
    return digits !== undefined && (text.split(".")[1]?.length ?? 0) > digits ? `${symbol} has ${digits} digits after the point.` : null;
}

/** What is wrong with the text of one field: a sentence, or null. */
export function problemOf(name, text, context) {
    return CHECKS[name]?.(text, context) ?? null;
}

/**
 * What is wrong with the fields of a type: a sentence by the name of the field. `values`: the texts by those names. `pair`: `tokenIn`, its
 * `inDigits`, and whether it `sells` the token whose price it is (null if nobody has said so yet). `now`: in ms.
 */
export function wrongTerms(type, values, pair, now) {
    const wrong = {}, names = [...fieldsOf(type, values), ...(type !== "market" && pair.sells === null ? ["priceToken"] : [])];
    for (const name of names) {
        const isLeftOut = values[name] === "" && TYPES[type].optional?.includes(name);
        const problem = isLeftOut ? null : problemOf(name, values[name], { ...pair, now });
        if (problem) wrong[name] = problem;
    }
    if (type === "oco" && pair.sells !== null && !wrong.triggerPrice && !wrong.stopPrice) wrong.stopPrice = crossed(values, pair);
    return wrong;
}

/** A pair waits on both sides of the price. */
function crossed({ triggerPrice, stopPrice }, { sells }) {
    const gain = unitsOf(triggerPrice, PRICE_DIGITS), loss = unitsOf(stopPrice, PRICE_DIGITS);
    if (sells ? gain > loss : gain < loss) return null;
    return `The stop must be ${sells ? "below" : "above"} the take-profit.`;
}

/** The body of the request. All fields of the type have to be valid. `base`: tokens and amount. `priceToken`: only where it has to be said. */
export function requestOf(type, values, base, priceToken) {
    const has = (name) => fieldsOf(type, values).includes(name) && values[name] !== "";
    if (type === "market") return { ...base, slippageBps: bpsOf(values.slippage) };
    const common = {
        ...base, ...(priceToken && { priceToken }), timeInForce: values.timeInForce,
        ...(has("expiry") && { expiresAt: new Date(values.expiry).toISOString() }), ...(has("allowImmediate") && { allowImmediate: true }),
    };
    if (type === "oco") {
        return {
            orders: [
                { ...common, orderType: "takeProfit", triggerPrice: values.triggerPrice, slippageBps: bpsOf(values.slippage) },
                { ...common, orderType: "stop", triggerPrice: values.stopPrice, slippageBps: bpsOf(values.stopSlippage) },
            ],
        };
    }
    return {
        ...common, orderType: type, ...(has("limitPrice") && { limitPrice: values.limitPrice }),
        ...(has("triggerPrice") && { triggerPrice: values.triggerPrice }), ...(has("trailing") && { trailingBps: bpsOf(values.trailing) }),
        ...(has("minLiquidity") && { minLiquidity: values.minLiquidity }), ...(has("slippage") && { slippageBps: bpsOf(values.slippage) }),
    };
}

/** The field of the ticket for the name of a field in a refusal; that name itself if it is none of these. */
export function fieldOf(name) {
    const [, index, member] = name.match(/^orders\[(\d)\]\.(.+)$/) ?? [null, "0", name];
    if (index === "1" && member === "triggerPrice") return "stopPrice";
    if (index === "1" && member === "slippageBps") return "stopSlippage";
    return { slippageBps: "slippage", trailingBps: "trailing", expiresAt: "expiry" }[member] ?? member;
}
