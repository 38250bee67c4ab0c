// Exact arithmetic: prices and amounts as whole numbers of their smallest units. Pure, and no floating point.

/** Fraction digits of a price. */
export const PRICE_DIGITS = 18;

const MOST = 2n ** 64n - 1n; // the largest amount that the engine has

/** A decimal text in units of 10^-digits. null if it is no plain number, or finer than that. */
export function unitsOf(text, digits) {
    if (!/^\d+(\.\d+)?$/.test(text)) return null;
    const [whole, all = ""] = text.split("."), fraction = all.replace(/0+$/, "");
    return fraction.length > digits ? null : BigInt(whole + fraction.padEnd(digits, "0"));
}

/** Units (0 or more) as decimal text in its shortest form: 1.5, not 1.50. */
export function shortest(units, digits) {
    const text = String(units).padStart(digits + 1, "0"), point = text.length - digits;
    const fraction = text.slice(point).replace(/0+$/, "");
    return fraction ? `${text.slice(0, point)}.${fraction}` : text.slice(0, point);
}

/** A per cent text such as 1.5 in hundredths of a per cent. null if it is none. */
export function bpsOf(text) {
    const units = unitsOf(text, 2);
    return units === null ? null : Number(units);
}

/** A decimal text cut to seven digits that count; its whole part stays whole. For reading, not for computing. */
export function brief(text) {
    const [whole, fraction = ""] = text.split(".");
    const zeros = whole === "0" ? fraction.match(/^0*/)[0].length : 0, room = Math.max(0, 7 - (whole === "0" ? 0 : whole.length));
    const kept = fraction.slice(0, zeros + room).replace(/0+$/, "");
    return kept ? `${whole}.${kept}` : whole;
}

const divideUp = (number, by) => (number + by - 1n) / by;
const power = (digits) => 10n ** BigInt(digits);

/** `sells`: whether a price is that of the token that is sold. `inDigits`, `outDigits`: how many fraction digits the two tokens have. */
const shift = ({ sells, inDigits, outDigits }) => power(sells ? PRICE_DIGITS + inDigits - outDigits : PRICE_DIGITS + outDigits - inDigits);

/** The least output of an amount at a limit price, as the engine computes it. All are units. null if no amount is that large. */
export function leastOut(amount, limit, pair) {
    const least = pair.sells ? divideUp(amount * limit, shift(pair)) : divideUp(amount * shift(pair), limit);
    return least > MOST ? null : least || 1n;
}

/** The price of a swap, in units of a price; null if nothing goes in or comes out. */
export function priceOf(amountIn, amountOut, pair) {
    if (!amountIn || !amountOut) return null;
    return pair.sells ? (amountOut * shift(pair)) / amountIn : divideUp(amountIn * shift(pair), amountOut);
}

/** The price at which a trailing stop fires while `best` is the best price. */
export function trailedFrom(best, bps, { sells }) {
    return sells ? (best * BigInt(10_000 - bps)) / 10_000n : divideUp(best * BigInt(10_000 + bps), 10_000n);
}
