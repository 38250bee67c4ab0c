// Asking again and again: calmly while it works, more and more rarely while it does not, not at all while nobody looks.

/**
 * Calls `work(signal)` every `every` ms. After a failure the wait doubles up to `slowest`, with a quarter of chance, and `failed(error, wait)`
 * is told. A hidden tab pauses; one that is shown again asks at once.
 */
export function poll(work, { every = 2000, slowest = 15000, failed = () => {} } = {}) {
    let failures = 0, timer = null, running = null, again = false;

    async function turn() {
        clearTimeout(timer);
        if (running) {
            again = true;
            return;
        }
        if (document.hidden) return;
        running = new AbortController();
        let wait = every;
        try {
            await work(running.signal);
            failures = 0;
        } catch (problem) {
            wait = Math.min(slowest, every * 2 ** Math.min(failures, 6)) * (1 + Math.random() / 4);
            failures += 1;
            failed(problem, wait);
        }
        running = null;
        if (again) wait = 0;
        again = false;
        timer = setTimeout(turn, wait);
    }

    document.addEventListener("visibilitychange", () => {
        if (!document.hidden) turn();
    });
    addEventListener("online", turn);
    turn();
    return { now: turn };
}
