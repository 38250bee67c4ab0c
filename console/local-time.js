/** A point in time (ms) as the text of a field for day and time, in the time zone of the person. */
export function localTime(at) {
    const date = new Date(at);
    return new Date(at - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
