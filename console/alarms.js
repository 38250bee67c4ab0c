// What is wrong with the pipeline, in sentences that say what to do. The functions are pure: the same samples give the same alarms.

import { paused } from "./pause.js";
import { count, duration, plural } from "./format.js";

const GROWTH_WINDOW_MS = 10_000; // a backlog grows if it is larger than it was this long ago
const MIN_GROWTH = 10; // a backlog that grew by fewer entries is only noise
const WAIT_LIMIT_MS = 5_000; // age of a waiting entry that is worth a warning
const HAND_LIMIT_MS = 30_000; // age of an entry in hand that no healthy stage reaches

/**
 * Alarms, worst first: `{level, stage, text}`, and `short` if the alarm has a name of its own. `history` holds earlier samples, each with `at` and
 * `waiting` by stage. `redis` and `postgres` are `{state, reason}` of /health: while Redis is down nothing else is known.
 */
export function judge({ stages, retries, deadLetters, door, redis, postgres }, history, now) {
    if (isDown(redis)) return [redisDown(redis)];
    const stored = !isDown(postgres);
    const alarms = stages.map((stage) => ofStage(stage, before(stage, history, now), stored)).filter(Boolean);
    if (!stored) alarms.push(postgresDown(postgres, stages));
    const since = paused(door);
    if (since) {
        const text = `New orders have been refused ${since}. Those inside go on. The command orderctl resume lets new ones in.`;
        alarms.push({ level: "warning", stage: "gateway", text, short: "New orders refused" });
    }
    if (retries.due > MIN_GROWTH) {
        const text = `${plural(retries.due, "retry", "retries")} should have begun and did not.`;
        alarms.push({ level: "warning", stage: "retries", text });
    }
    if (deadLetters > 0) {
        const noun = deadLetters === 1 ? "entry" : "entries";
        alarms.push({ level: "warning", stage: "dead-letters", text: `${count(deadLetters)} ${noun} could not be handled: see dead letters.` });
    }
    return alarms.sort((one, other) => (one.level === other.level ? 0 : one.level === "critical" ? -1 : 1));
}

/** A summary in a few words. A single alarm is named if it has a name. Several are counted, alarms and warnings apart. */
export function summaryOf(alarms) {
    if (alarms.length === 0) return "Orders flow";
    if (alarms.length === 1 && alarms[0].short) return alarms[0].short;
    const critical = alarms.filter((alarm) => alarm.level === "critical").length, others = alarms.length - critical;
    return [critical && plural(critical, "alarm"), others && plural(others, "warning")].filter(Boolean).join(", ");
}

export const isDown = (standing) => standing?.state === "down";

/** A server's own words as part of a sentence. */
export function because({ reason }) {
    return reason ? ` (${reason.replace(/\.$/, "")})` : "";
}

function redisDown(redis) {
    const text = `Redis is down${because(redis)}. No order is taken in and none goes on until it is back; the engine finds it by itself.`;
    return { level: "critical", stage: "redis", text, short: "Redis is down" };
}

function postgresDown(postgres, stages) {
    const events = stages.find((stage) => stage.key === "notifier"), waiting = (events?.waiting ?? 0) + (events?.inHand ?? 0);
    const rest = waiting > 0 ? ` ${plural(waiting, "event")} wait in Redis until then; nothing is lost.` : "";
    const text = `Postgres is down${because(postgres)}. Orders go on; lists and old orders can't be shown until it is back.${rest}`;
    return { level: "critical", stage: "postgres", text, short: "Postgres is down" };
}

function before(stage, history, now) {
    const past = history.findLast((sample) => now - sample.at >= GROWTH_WINDOW_MS && now - sample.at < 3 * GROWTH_WINDOW_MS);
    return past?.waiting[stage.key];
}

/** `stored`: whether events can be stored. While they cannot, more notifiers would not help. */
function ofStage(stage, earlier, stored) {
    const name = stage.name.toLowerCase();
    const backlog = stage.waiting > 0 ? ` ${plural(stage.waiting, stage.waits)} waiting, the oldest for ${duration(stage.waitingMs)}.` : "";
    if (stage.replicas === 0) return { level: "critical", stage: stage.key, text: `No ${name} is running.${backlog} Start one.` };
    if (!stage.stream || (stage.key === "notifier" && !stored)) return null;
    if (earlier !== undefined && stage.waiting >= earlier + MIN_GROWTH && stage.waitingMs > 1000) {
        return { level: "critical", stage: stage.key, text: `The backlog before the ${name} grows.${backlog} Add ${name}s.` };
    }
    if (stage.waiting > 0 && stage.waitingMs > WAIT_LIMIT_MS) {
        return { level: "warning", stage: stage.key, text: `The ${name} is behind.${backlog}` };
    }
    if (stage.inHandMs > HAND_LIMIT_MS) {
        return { level: "warning", stage: stage.key, text: `The ${name} has had something in hand for ${duration(stage.inHandMs)}.` };
    }
    return null;
}
