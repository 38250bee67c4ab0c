// What an open order waits for, in words. Pure.

import { brief } from "./exact.js";
import { decimal, percentOf } from "./format.js";
import { sideOf, typeName } from "./order-types.js";

/** The token in which the prices of an order are. */
export const unitOf = (order) => (order.priceToken === order.tokenIn ? order.tokenOut : order.tokenIn);

/** `SOL at or above 180 USDC`. */
export function waitsForText(order) {
    const { orderType, priceToken, tokenIn, waitsFor, minLiquidity, amountInDecimal } = order;
    if (orderType === "sniper") return `a market that takes ${decimal(minLiquidity ?? amountInDecimal)} ${tokenIn}`;
    if (waitsFor === undefined) return orderType === "trailingStop" ? behind(order) : "–";
    const own = [order.limitPrice, order.triggerPrice].includes(waitsFor);
    const text = `${priceToken} at or ${side(order)} ${decimal(own ? waitsFor : brief(waitsFor))} ${unitOf(order)}`;
    return orderType === "trailingStop" ? `${text}, ${behind(order)}` : text;
}

/** A stop limit whose trigger was reached and whose limit was not met waits again, now for its limit. */
function side({ orderType, triggerCondition, triggerPrice, waitsFor, priceToken, tokenIn }) {
    const isResting = orderType === "stopLimit" && waitsFor !== triggerPrice;
    return isResting ? sideOf("limit", priceToken === tokenIn) : triggerCondition;
}

const behind = ({ trailingBps, triggerCondition }) => `${percentOf(trailingBps)} ${triggerCondition} the best price`;

/** How far the price is away. */
export function distanceText({ distanceBps }) {
    if (distanceBps === undefined || distanceBps === null) return "–";
    return distanceBps === 0 ? "reached" : percentOf(distanceBps);
}

/** `Limit, 1.5 SOL → USDC`, for a sentence about an order. */
export function orderName({ orderType, amountInDecimal, tokenIn, tokenOut }) {
    return `${typeName(orderType)}, ${decimal(amountInDecimal)} ${tokenIn} → ${tokenOut}`;
}
