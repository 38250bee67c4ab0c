// What the ticket says about an answer of the engine.

import { fieldOf } from "./terms.js";

/** What was placed, in the engine's words. null for a market order, which needs none. */
export function placedText({ summary, orders, warnings = [] }) {
    const said = orders ? orders.map((order) => `${order.summary}.`).join(" ") : summary && `${summary}.`;
    if (!said) return null;
    const lead = orders ? "Two orders are placed, and the one that fills first cancels the other." : "The order is placed.";
    return [lead, said, ...warnings.map(({ message }) => `Note: ${message.replace(/\.?$/, ".")}`)].join(" ");
}

/** What is wrong with each field of the ticket. A sentence about a member of the request is one about the field that a person sees. */
export function fieldErrors({ code, message, errors = [] }) {
    if (code === "TRIGGER_REACHED") return { allowImmediate: reachedText(message) };
    return Object.fromEntries(errors.map((error) => [fieldOf(error.field), inWordsOf(labelOf(fieldOf(error.field)), error)]));
}

/** What is wrong with a field, with the field's label (if it has one) in place of its name in the request. */
export function inWordsOf(label, { field, message }) {
    return label && message.startsWith(`${field} `) ? `${label}${message.slice(field.length)}.` : message;
}

function labelOf(name) {
    const id = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    return document.querySelector(`label[for="${id}"]`)?.textContent;
}

/** Why an order would not wait, with what a person can do about it beside the tick. */
export function reachedText(message) {
    return `${message.replace("send allowImmediate: true", "tick this box").replace(/\.?$/, ".")}`;
}
