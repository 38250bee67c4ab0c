// An order of which nobody knows whether it was placed: said until that is settled. Asked again under its key, it is placed at most once.

import { byId, el, setAttribute, setText } from "./dom.js";

/** Whether two orders, as a form says them, are one and the same. */
export const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/** `ask(order, key)`: places it again under that key, and settles the doubt or raises it anew. */
export function createDoubt({ ask }) {
    const notice = byId("ticket-doubt"), text = el("p"), button = el("button", { type: "button", class: "small", onclick: again }, "Ask again");
    notice.append(text, button);
    let open = null;

    function raise(order, key, reason) {
        open = { order, key };
        const what = `${order.amount} ${order.tokenIn} for ${order.tokenOut}`;
        setText(text, `It is not known whether the order was placed (${what}). ${reason.replace(/\.?$/, ".")} `
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

    /** The key under which to place an order: that of the one in doubt where it is the same order. */
    return { raise, settled, keyOf: (order) => (open && same(open.order, order) ? open.key : null) };
}
