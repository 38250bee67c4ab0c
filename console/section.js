import { el } from "./dom.js";

/** A part of an order's story under its heading. */
export function section(title, ...content) {
    return el("section", { class: "part" }, el("h3", {}, title), content);
}
