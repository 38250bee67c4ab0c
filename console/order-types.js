// The types of orders: what each is called, what it does, and which fields of the ticket it has. Pure.

/** `slippage`: what is proposed, in per cent (1 if it is missing). `optional`: fields that may stay empty. */
export const TYPES = {
    market: { name: "Market", does: "Swaps at once, at the price of the moment.", fields: ["slippage"] },
    limit: {
        name: "Limit", does: "Waits for your price, and never swaps at a worse one.",
        fields: ["limitPrice", "timeInForce", "allowImmediate"],
    },
    stop: {
        name: "Stop", does: "Waits until the price has moved against you, then swaps at the price of that moment.",
        fields: ["triggerPrice", "timeInForce", "slippage", "allowImmediate"], slippage: "10",
    },
    stopLimit: {
        name: "Stop limit", does: "Waits until the price has moved against you, then swaps at the limit price or a better one.",
        fields: ["triggerPrice", "limitPrice", "timeInForce", "allowImmediate"],
    },
    takeProfit: {
        name: "Take profit", does: "Waits until the price has moved in your favour, then swaps. A limit price is possible.",
        fields: ["triggerPrice", "limitPrice", "timeInForce", "slippage", "allowImmediate"], optional: ["limitPrice"],
    },
    trailingStop: {
        name: "Trailing stop", does: "A stop that follows the best price at a distance.",
        fields: ["trailing", "timeInForce", "slippage"], slippage: "10",
    },
    sniper: {
        name: "Sniper", does: "Waits until the pair can be traded, then swaps at once.",
        fields: ["minLiquidity", "timeInForce", "slippage"], optional: ["minLiquidity"],
    },
    oco: {
        name: "One cancels the other", does: "A take-profit and a stop at once. When one of them fills, the other is cancelled.",
        fields: ["triggerPrice", "stopPrice", "timeInForce", "slippage", "stopSlippage", "allowImmediate"],
    },
};

/** For how long an order is tried. The last two need a limit price. */
export const TIMES = {
    gtc: "Until it is filled, 90 days at most", gtd: "Until a time that you set",
    ioc: "One try, a part may fill (IOC)", fok: "One try, all or nothing (FOK)",
};
const ONE_TRY = new Set(["ioc", "fok"]);

export const typeName = (type) => TYPES[type]?.name ?? type;

/** Whether the order is tried as soon as it is accepted, and waits for nothing. */
export const beginsAtOnce = (type, timeInForce) => type === "market" || (type === "limit" && ONE_TRY.has(timeInForce));

/** The times that a type may have with these values. */
export function timesOf(type, { limitPrice }) {
    const hasLimit = TYPES[type].fields.includes("limitPrice") && (!TYPES[type].optional?.includes("limitPrice") || limitPrice !== "");
    return Object.keys(TIMES).filter((time) => hasLimit || !ONE_TRY.has(time));
}

/** The fields that the ticket shows for a type with these values. A limit price takes the place of the slippage. */
export function fieldsOf(type, values) {
    const { fields } = TYPES[type], hasLimit = fields.includes("limitPrice") && values.limitPrice !== "";
    const kept = fields.filter((name) => !(name === "slippage" && hasLimit)
        && !(name === "allowImmediate" && beginsAtOnce(type, values.timeInForce)));
    return kept.includes("timeInForce") && values.timeInForce === "gtd" ? [...kept, "expiry"] : kept;
}

/** Tokens that prices are given in, the most usual first. */
const UNITS = ["USDC", "USDT", "SOL"];

/** Which of the two tokens prices are those of, where that goes without saying; null where a person has to say it. */
export function usualPriceToken(tokenIn, tokenOut) {
    const rank = (symbol) => (UNITS.includes(symbol) ? UNITS.indexOf(symbol) : UNITS.length);
    if (rank(tokenIn) === rank(tokenOut)) return null;
    return rank(tokenIn) > rank(tokenOut) ? tokenIn : tokenOut;
}

/** The side from which the price comes. A seller's limit and take-profit are above the price, its stops below it; a buyer's the other way round. */
export function sideOf(type, sells) {
    return ["limit", "takeProfit"].includes(type) === sells ? "above" : "below";
}
