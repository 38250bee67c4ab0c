// Whether the engine is paused. Every part of the page says this in the same words.

import { moment } from "./format.js";

/** Part of a sentence that says since when new orders are refused, and why. null while they are accepted. */
export function paused(door) {
    if (door?.open !== false) return null;
    return `since ${moment(door.since)}${door.reason ? ` (${door.reason})` : ""}`;
}
