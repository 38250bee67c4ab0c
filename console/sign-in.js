// Asks for an API key where the engine has keys, says whose key it is, and signs out.

import { byId, setAttribute, setNotice, setText } from "./dom.js";
import { rightsOf } from "./rights.js";
import { GONE, session } from "./session.js";

const NO_KEY = "This is no API key. A key is oek_ and 64 digits from 0 to f.";
const NOT_VALID = "This key is not valid: the engine does not know it, it was revoked, or its time is over.";
const BLIND = "This key may only place orders. The console needs one with the scope read or operate.";

/** What the caller may do; null for one who has to sign in. A key that was kept and is good no more is forgotten. */
export async function identity(api, signal) {
    try {
        const rights = rightsOf(await api.access({ signal }));
        if (rights.sees) return rights;
        session.drop(BLIND);
    } catch (problem) {
        if (problem.status !== 401) throw problem;
        if (session.key() !== null) session.drop(GONE);
    }
    return null;
}

/** `known`: what the caller may do, or null. Returns that, after sign-in if it is needed. `waits()`: the form is shown. */
export async function signedIn({ api, known, announce, waits }) {
    const rights = known ?? await ask(api, session.ending(), waits);
    if (!rights.keyed) return rights;
    if (known === null) announce(`Signed in as ${rights.name}.`);
    setText(byId("caller-name"), rights.name);
    setText(byId("caller-scopes"), [rights.scopes.join(", "), rights.user && `user ${rights.user}`].filter(Boolean).join(" · "));
    byId("sign-out").addEventListener("click", () => session.end(null));
    byId("caller").hidden = false;
    return rights;
}

/** Shows the form in place of the page until a key is good. */
function ask(api, why, waits) {
    const form = byId("sign-in-form"), field = byId("api-key"), button = byId("sign-in-button");
    waits();
    swap(true);
    setNotice(byId("sign-in-problem"), why);
    field.focus();
    return new Promise((done) => {
        form.addEventListener("submit", async (event) => {
            event.preventDefault();
            if (button.hasAttribute("aria-disabled")) return;
            setAttribute(button, "aria-disabled", "true");
            const { rights, wrong } = await tried(api, field.value.trim());
            setAttribute(button, "aria-disabled", null);
            if (wrong) return refuse(field, wrong);
            field.value = "";
            swap(false);
            byId("ticket").focus();
            done(rights);
        });
    });
}

function swap(asking) {
    byId("sign-in").hidden = !asking;
    for (const node of document.querySelectorAll("#page, .skip")) node.hidden = asking;
}

function refuse(field, sentence) {
    setNotice(byId("sign-in-problem"), sentence);
    setAttribute(field, "aria-invalid", "true");
    field.focus();
    field.select();
}

/** Tries a key, and keeps it if it is good. */
async function tried(api, key) {
    if (!session.isKey(key)) return { wrong: NO_KEY };
    try {
        const rights = rightsOf(await api.access({ key }));
        if (!rights.sees) return { wrong: BLIND };
        session.keep(key);
        return { rights };
    } catch (problem) {
        return { wrong: problem.status === 401 ? NOT_VALID : problem.message };
    }
}
