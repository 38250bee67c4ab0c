// What an order will do, in the words of the engine's own `summary`. Pure.

import { brief, leastOut, PRICE_DIGITS, shortest, trailedFrom, unitsOf } from "./exact.js";
import { beginsAtOnce, sideOf } from "./order-types.js";

/**
 * One sentence without its full stop. `order`: the body of a request, with valid fields. `pair`: its tokens by `tokenIn` and `tokenOut`, `inDigits`
 * and `outDigits`, whether it `sells` the token whose price it is, and the `price` of now in units of a price, or null.
 */
export function sentenceOf(order, pair) {
    const when = beginsAtOnce(order.orderType ?? "market", order.timeInForce) ? "" : ` ${moment(order, pair)}`;
    return `${deed(order, pair)}${when}${ending(order, pair)}`;
}

/** The sentence of a request for one order or for a pair of orders. */
export function requestSentence(request, pair) {
    if (!request.orders) return `${sentenceOf(request, pair)}.`;
    const [first, second] = request.orders.map((order) => sentenceOf(order, pair));
    return `${first}; or, if that comes first: ${second[0].toLowerCase()}${second.slice(1)}.`;
}

const price = (text, { sells, tokenIn, tokenOut }) => `${text} ${sells ? tokenOut : tokenIn}`;
const plainPrice = (text, pair) => price(shortest(unitsOf(text, PRICE_DIGITS), PRICE_DIGITS), pair);
const percent = (bps) => `${shortest(BigInt(bps), 2)} %`;

function deed({ orderType, amount }, { tokenIn, tokenOut, sells, inDigits }) {
    const given = `${shortest(unitsOf(amount, inDigits), inDigits)} ${tokenIn}`;
    if (orderType === undefined) return `Sell ${given} for ${tokenOut}`;
    return sells ? `Sell ${given}` : `Spend ${given} on ${tokenOut}`;
}

function moment({ orderType, amount, limitPrice, triggerPrice, trailingBps, minLiquidity }, pair) {
    const { tokenIn, tokenOut, sells, inDigits } = pair, priced = sells ? tokenIn : tokenOut;
    if (orderType === "sniper") {
        return `as soon as there is a market that takes ${shortest(unitsOf(minLiquidity ?? amount, inDigits), inDigits)} ${tokenIn}`;
    }
    if (orderType === "trailingStop") {
        const moved = `when ${priced} has ${sells ? "fallen" : "risen"} by ${percent(trailingBps)} from its best price`;
        if (pair.price === null) return moved;
        return `${moved}, now at about ${price(brief(shortest(trailedFrom(pair.price, trailingBps, pair), PRICE_DIGITS)), pair)}`;
    }
    const waitsFor = orderType === "limit" ? limitPrice : triggerPrice;
    return `when ${priced} is at or ${sideOf(orderType, sells)} ${plainPrice(waitsFor, pair)}`;
}

function ending({ amount, limitPrice, slippageBps, timeInForce }, pair) {
    if (limitPrice === undefined) return `, at the price of that moment, at most ${percent(slippageBps)} below its quote`;
    const least = leastOut(unitsOf(amount, pair.inDigits), unitsOf(limitPrice, PRICE_DIGITS), pair);
    const part = timeInForce === "ioc" ? `, or perhaps only a part, at ${plainPrice(limitPrice, pair)} or better` : "";
    return `, for at least ${least === null ? "more than there is" : shortest(least, pair.outDigits)} ${pair.tokenOut}${part}`;
}
