// The tab's title: first what is wrong, then what is shown.

const NAME = "Order Execution Engine", MARKS = { warning: "(!)", critical: "(!!)" };
let alarm = "", subject = null;

function show() {
    document.title = [alarm, subject, NAME].filter(Boolean).join(" · ");
}

/** `level`: good, wait, warning or critical; `words`: what is wrong. */
export function titleAlarm(level, words) {
    alarm = MARKS[level] ? `${MARKS[level]} ${words}` : "";
    show();
}

/** The order that is followed; null if there is none. */
export function titleSubject(text) {
    subject = text;
    show();
}
