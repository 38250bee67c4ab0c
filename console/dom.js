// Makes and changes elements without a template engine. Text is always set as text, never as markup.

/** Makes an element with attributes and children. `on…` attributes are listeners; null and false ones are left out. */
export function el(tag, attributes = {}, ...children) {
    return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
    return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
        if (value === null || value === undefined || value === false) continue;
        if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
        else node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.flat().filter((child) => child !== null && child !== undefined));
    return node;
}

export function byId(id) {
    return document.getElementById(id);
}

/** Writes only what differs, so that a screen reader repeats nothing and a selection stays. */
export function setText(node, text) {
    if (node.textContent !== text) node.textContent = text;
}

export function setAttribute(node, name, value) {
    if (value === null || value === undefined || value === false) node.removeAttribute(name);
    else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

/** Shows a text in an element. The element is hidden while there is no text. */
export function setNotice(node, text) {
    setText(node, text ?? "");
    node.hidden = !text;
}

/** A paragraph that says what is wrong. */
export function problemNote(text) {
    return el("p", { class: "notice", "data-level": "critical" }, text);
}

/** A paragraph that takes the place of missing content. */
export function emptyNote(...content) {
    return el("p", { class: "empty" }, ...content);
}

/** Makes the children of `parent` those of `items`, in order. An item that stays keeps its element, and with it focus and selection. */
export function reconcile(parent, items, { key, create, update }) {
    const old = new Map([...parent.children].filter((child) => child.dataset.key !== undefined).map((child) => [child.dataset.key, child]));
    let place = parent.firstElementChild;
    for (const item of items) {
        const id = String(key(item));
        let node = old.get(id);
        old.delete(id);
        if (!node) {
            node = create(item);
            node.dataset.key = id;
        }
        update(node, item);
        if (node === place) place = place.nextElementSibling;
        else parent.insertBefore(node, place);
    }
    while (place) {
        const next = place.nextElementSibling;
        place.remove();
        place = next;
    }
}
