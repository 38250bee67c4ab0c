// What the followed order waits for: its type, prices, end and partners.

import { el } from "./dom.js";
import { decimal, moment, percentOf } from "./format.js";
import { typeName } from "./order-types.js";
import { section } from "./section.js";
import { unitOf, waitsForText } from "./waiting.js";

const TIME_NAMES = { ioc: "one try, a part may fill", fok: "one try, all or nothing" };

/** null for a market order, which has none. */
export function termsSection(story, order) {
    const { orderType, limitPrice, triggerPrice, trailingBps, timeInForce, expiresAt, ocoOrderId, thenOrderIds } = order;
    if (orderType === "market" || orderType === undefined) return null;
    const isOpen = story.last.status === "open";
    // the stop of a trailing order moves without an event
    const waits = { ...order, waitsFor: orderType === "trailingStop" ? undefined : story.waitsFor };
    const price = (text) => text && `${decimal(text)} ${unitOf(order)} for one ${order.priceToken}`;
    const facts = [
        ["Order type", typeName(orderType)], ["Waits for", isOpen && waitsForText(waits)], ["Trigger price", price(triggerPrice)],
        ["Limit price", price(limitPrice)], ["Distance from the best price", trailingBps && percentOf(trailingBps)],
        ["How long it is tried", TIME_NAMES[timeInForce]], ["Expires", expiresAt && moment(expiresAt)],
        ["Cancelled if this one fills", ocoOrderId && link(ocoOrderId, "the other order of the pair")],
        ["Placed when it fills", thenOrderIds?.map((id, index) => [" ", link(id, `order ${index + 1}`)]).flat()],
    ].filter(([, value]) => value);
    return section("Terms", el("dl", { class: "facts wide" }, facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))));
}

const link = (id, text) => el("a", { href: `#order=${id}` }, text);
