// Shows that nobody knows whether an order was placed, until that is settled. If it is sent again under its key, it is placed at most once.

import { byId, el, setAttribute, setText } from "./dom.js";

/** Whether two orders, as the form has them, are the same. */
export const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/** `ask(order, key)`: places the order again under that key. It settles the doubt or raises it anew. */
export function createDoubt({ ask }) {
    const notice = byId("ticket-doubt"), text = el("p"), button = el("button", { type: "button", class: "small", onclick: again }, "Ask again");
    notice.append(text, button);
    let open = null;

    function raise(order, key, reason) {
        open = { order, key };
        const { amount, tokenIn, tokenOut } = order.orders?.[0] ?? order, noun = order.orders ? "pair of orders" : "order";
        setText(text, `It is not known whether the ${noun} was placed (${amount} ${tokenIn} for ${tokenOut}). ${reason.replace(/\.?$/, ".")} `
            + "Ask again: it is placed once at most, however often you ask.");
        notice.hidden = false;
    }

    function settled(key) {
        if (open?.key !== key) return;
        open = null;
        notice.hidden = true;
    }

    async function again() {
        if (!open || button.hasAttribute("aria-disabled")) return;
        setAttribute(button, "aria-disabled", "true");
        await ask(open.order, open.key);
        setAttribute(button, "aria-disabled", null);
    }

    /** The key under which to place an order: if it is the order in doubt, the key of that one. */
    return { raise, settled, keyOf: (order) => (open && same(open.order, order) ? open.key : null) };
}
