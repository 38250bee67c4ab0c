// Repeats work: at a steady pace while it succeeds, more and more rarely while it fails, and not at all while the tab is hidden.

/**
 * Calls `work(signal)` every `every` ms. After a failure the wait doubles, up to `slowest`, and up to a quarter is added at random; `failed(error,
 * wait)` is called. A hidden tab pauses. A tab that is shown again asks at once. `stop()` ends it after the work in hand.
 */
export function poll(work, { every = 2000, slowest = 15000, failed = () => {} } = {}) {
    let failures = 0, timer = null, running = null, again = false, stopped = false;

    async function turn() {
        clearTimeout(timer);
        if (running) {
            again = true;
            return;
        }
        if (document.hidden || stopped) return;
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
    return {
        now: turn,
        stop: () => {
            stopped = true;
        },
    };
}
