// Repeats a request until there is an answer. Only for requests that may be repeated without being carried out twice.

const TRIES = 4;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/**
 * Calls `work()` up to four times while its answer is lost. `again(number, of)` is called before each repetition. Throws the last problem. That
 * problem is `uncertain` if one of the tries may have been carried out and no later answer says what became of it.
 */
export async function insist(work, again = () => {}) {
    let uncertain = false;
    for (let tries = 1; ; tries += 1) {
        try {
            return await work();
        } catch (problem) {
            uncertain ||= problem.uncertain;
            // a full engine refuses before it can tell whether an earlier try got through
            if (!problem.away) problem.uncertain = uncertain && problem.code === "OVERLOADED";
            else if (tries === TRIES) problem.uncertain = uncertain;
            if (!problem.away || tries === TRIES) throw problem;
            again(tries + 1, TRIES);
            await pause(400 * 2 ** tries);
        }
    }
}
