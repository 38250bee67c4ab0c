// Whether the engine is paused. Every part of the page says it in the same words.

import { moment } from "./format.js";

/** Since when new orders are refused, and why, as a part of a sentence; null while they are taken. */
export function paused(door) {
    if (door?.open !== false) return null;
    return `since ${moment(door.since)}${door.reason ? ` (${door.reason})` : ""}`;
}
