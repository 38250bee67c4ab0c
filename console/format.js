// Numbers, times and names as a person reads them. Amounts stay the decimal text of the API: no floating point touches one.

import { shortest } from "./exact.js";

/** Separates the thousands of a decimal text: 1234567.5 is 1,234,567.5. */
export function decimal(text) {
    if (text === null || text === undefined) return "–";
    const [whole, fraction] = String(text).split(".");
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
    return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** `one` − `other`, both decimal texts, exactly, with its sign. */
export function difference(one, other) {
    const fraction = (text) => text.split(".")[1] ?? "";
    const digits = Math.max(fraction(one).length, fraction(other).length);
    const units = (text) => BigInt(text.split(".")[0] + fraction(text).padEnd(digits, "0"));
    const result = units(one) - units(other);
    return (result > 0n ? "+" : "") + fromBase(result, digits);
}

/** Base units (a BigInt) as decimal text of a token with that many digits. */
export function fromBase(units, decimals) {
    return (units < 0n ? "−" : "") + decimal(shortest(units < 0n ? -units : units, decimals));
}

export function count(number) {
    return Number(number).toLocaleString("en-US");
}

export function plural(number, one, many = `${one}s`) {
    return `${count(number)} ${number === 1 ? one : many}`;
}

export function duration(milliseconds) {
    if (milliseconds === null || milliseconds === undefined) return "–";
    if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
    const seconds = milliseconds / 1000;
    if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
    if (seconds < 119.5) return `${Math.round(seconds)} s`;
    if (seconds < 7200) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
    return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

export function rate(perSecond) {
    if (perSecond === null || perSecond === undefined) return "–";
    return `${perSecond >= 100 ? count(Math.round(perSecond)) : perSecond.toFixed(1)}/s`;
}

/** What a swap lost (or won, below 0) against its quote, in hundredths of a per cent. */
export function againstQuote(bps) {
    if (bps === null || bps === undefined) return "–";
    if (bps === 0) return "as quoted";
    return `${Math.abs(bps)} bps ${bps > 0 ? "worse" : "better"}`;
}

export function clock(iso) {
    return new Date(iso).toLocaleTimeString("en-GB", { hour12: false });
}

/** A point in time, as short as it is clear: a clock time, and the date unless it is today. */
export function moment(iso) {
    const at = new Date(iso);
    if (at.toDateString() === new Date().toDateString()) return clock(iso);
    return `${at.toLocaleDateString("en-GB", { day: "numeric", month: "short" })}, ${clock(iso)}`;
}

/** Hundredths of a per cent as per cent: 20.13%. */
export function percentOf(bps) {
    return `${decimal(shortest(BigInt(bps), 2))}%`;
}

/** A venue's name, or the names of a split order's venues, which the API joins with a plus sign. */
export function venue(name) {
    return name ? name.split("+").map((one) => one[0].toUpperCase() + one.slice(1)).join(" + ") : "–";
}

/** The share that one of several amounts (all BigInt) has of their sum. */
export function share(part, parts) {
    const total = parts.reduce((sum, one) => sum + one, 0n) || 1n;
    return `${fromBase((part * 1000n + total / 2n) / total, 1)}%`;
}

/** Joins texts as "one, two and three". */
export function list(texts) {
    return [texts.slice(0, -1).join(", "), texts.at(-1)].filter(Boolean).join(" and ");
}

const STATUS = {
    open: "Open", pending: "Pending", routing: "Routing", building: "Building", submitted: "Submitted",
    confirmed: "Confirmed", failed: "Failed", cancelled: "Cancelled", expired: "Expired",
};

export function status(name) {
    return STATUS[name] ?? name;
}

export const FINAL = new Set(["confirmed", "failed", "cancelled", "expired"]);

/** The state of an order as one of the levels that have a colour. */
export function levelOf(name) {
    return { confirmed: "good", failed: "critical", cancelled: "idle", expired: "idle", open: "open" }[name] ?? "busy";
}
