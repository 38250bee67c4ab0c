// The API key that a person has given. It stays in this tab, and no address, cookie or storage that outlives the tab ever has it.

/** Why a session ends that its person did not end. */
export const GONE = "The key is not valid any more: it was revoked, or its time is over.";

const FORM = /^oek_[0-9a-f]{64}$/;
const KEY = "api-key", ENDING = "session-ended";
const memory = new Map(); // for browsers that forbid storage
let over = false;

/** One origin may have several engines, each below a path of its own. */
const place = (name) => `${name} ${new URL(".", document.baseURI).pathname}`;

function read(name) {
    try {
        return sessionStorage.getItem(place(name)) ?? memory.get(name) ?? null;
    } catch {
        return memory.get(name) ?? null;
    }
}

function write(name, text) {
    memory.delete(name);
    try {
        if (text === null) sessionStorage.removeItem(place(name));
        else sessionStorage.setItem(place(name), text);
    } catch {
        memory.set(name, text);
    }
}

export const session = {
    /** The key; null without one. */
    key: () => read(KEY),
    keep: (key) => write(KEY, key),
    /** Whether a text has the form of a key. */
    isKey: (text) => FORM.test(text),

    /** Forgets the key. `why`: a sentence for the form, or null. */
    drop(why) {
        write(KEY, null);
        write(ENDING, why);
    },

    /** Forgets the key, and loads the page again, so that nothing stays which the key has shown. */
    end(why) {
        if (over) return;
        over = true;
        session.drop(why);
        location.reload();
    },

    /** Why the last session has ended. Says it once. */
    ending() {
        const why = read(ENDING);
        write(ENDING, null);
        return why;
    },
};
