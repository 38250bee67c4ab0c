// Small line charts, drawn by hand. Lines stretch with the panel. Texts are HTML, so that they do not stretch.

import { byId, el, setAttribute, setText, svg } from "./dom.js";
import { count, duration, plural, rate } from "./format.js";

const WIDTH = 300, HEIGHT = 80, GAP_SHARE = 1 / 15; // GAP_SHARE: a longer pause between samples, as a share of the window, is a gap in the line
const PERIODS = { 300: { name: "5 minutes", begin: "5 min ago" }, 3600: { name: "hour", begin: "1 h ago" } };

const CHARTS = [
    {
        title: "Throughput", format: rate, minHigh: 1,
        series: [{ name: "routed", value: (sample) => sample.rate.router }, { name: "executed", value: (sample) => sample.rate.executor }],
    },
    {
        title: "Latency", format: duration, minHigh: 1000, sparse: true,
        series: [{ name: "median", value: (sample) => sample.latency.median }, { name: "95 of 100", value: (sample) => sample.latency.slow }],
    },
    {
        title: "Backlog", format: (value) => count(Math.round(value)), minHigh: 4,
        series: ["router", "executor", "notifier"].map((key) => ({ name: key, value: (sample) => sample.waiting[key] })),
    },
];

export function createCharts() {
    const charts = CHARTS.map(makeChart), note = byId("activity-note");
    byId("charts").replaceChildren(...charts.map((chart) => chart.root));

    /** `history`: the slices of the minutes or the hour that is shown. */
    function update(history) {
        const { samples, now, windowMs, seconds } = history;
        for (const chart of charts) chart.update(samples, { now, windowMs, period: PERIODS[seconds] });
        setText(note, history.summary ? told(history.summary) : "");
    }

    return { update };
}

function told({ ended, latencyMs }) {
    const counts = [`${plural(ended.confirmed, "order")} confirmed`, ended.failed && `${count(ended.failed)} failed`,
        ended.cancelled && `${count(ended.cancelled)} cancelled`, ended.expired && `${count(ended.expired)} expired`].filter(Boolean).join(", ");
    return latencyMs ? `${counts}; half within ${duration(latencyMs.median)}, 95 of 100 within ${duration(latencyMs.p95)}` : counts;
}

function makeChart(definition) {
    const lines = definition.series.map((_, index) => svg("path", { class: `line series-${index}` }));
    const top = el("span", { class: "axis top" }), middle = el("span", { class: "axis middle" });
    const cursor = svg("line", { class: "cursor", y1: 0, y2: HEIGHT, visibility: "hidden" });
    const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" },
        svg("path", { class: "grid", d: `M0 .5H${WIDTH}M0 ${HEIGHT / 2}H${WIDTH}M0 ${HEIGHT - 0.5}H${WIDTH}` }), ...lines, cursor);
    const hint = el("p", { class: "chart-empty" }, "Nothing to show yet");
    const plot = el("div", { class: "plot", tabindex: "0", role: "img" }, drawing, top, middle, hint);
    const values = definition.series.map(() => el("b", {}, "–"));
    const when = el("span", { class: "quiet when" });
    const legend = el("p", { class: "legend" }, definition.series.map(({ name }, index) =>
        el("span", {}, el("i", { class: `key series-${index}`, "aria-hidden": "true" }), `${name} `, values[index])), when);
    const chart = { samples: [], view: { now: 0, windowMs: 1, period: PERIODS[300] }, chosen: null };

    function show() {
        const { samples, view } = chart;
        const sample = chart.chosen === null ? newest(definition, samples) : samples[chart.chosen];
        definition.series.forEach(({ value }, index) => {
            const number = sample ? value(sample) : null;
            setText(values[index], number === null || number === undefined ? "–" : definition.format(number));
        });
        setText(when, !sample || chart.chosen === null ? "" : `${duration(Math.max(0, view.now - sample.at))} ago`);
        setAttribute(cursor, "visibility", chart.chosen === null ? "hidden" : "visible");
        if (sample && chart.chosen !== null) for (const end of ["x1", "x2"]) cursor.setAttribute(end, x(sample.at, view));
        const shown = legend.textContent.replace(/\s+/g, " ");
        setAttribute(plot, "aria-label", `${definition.title}, last ${view.period.name}. ${shown}. Scale to ${top.textContent}.`);
    }

    function choose(index) {
        chart.chosen = index === null || chart.samples.length === 0 ? null : Math.max(0, Math.min(chart.samples.length - 1, index));
        show();
    }

    plot.addEventListener("pointermove", (event) => {
        const box = plot.getBoundingClientRect();
        const at = chart.view.now - chart.view.windowMs * (1 - (event.clientX - box.left) / box.width);
        choose(nearest(chart.samples, at));
    });
    plot.addEventListener("pointerleave", () => choose(null));
    plot.addEventListener("blur", () => choose(null));
    plot.addEventListener("keydown", (event) => {
        const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
        if (event.key === "Escape") choose(null);
        else if (step) choose((chart.chosen ?? chart.samples.length - 1) + step);
        else return;
        event.preventDefault();
    });

    function update(samples, view) {
        // old samples leave at the front; the sample that the reader points at stays the same
        if (chart.chosen !== null) chart.chosen = Math.max(0, samples.indexOf(chart.samples[chart.chosen]));
        Object.assign(chart, { samples, view });
        const known = samples.flatMap((sample) => definition.series.map(({ value }) => value(sample) ?? 0));
        const high = ceiling(Math.max(definition.minHigh, ...known));
        hint.hidden = newest(definition, samples) !== null;
        setText(top, definition.format(high));
        setText(middle, definition.format(high / 2));
        lines.forEach((line, index) => line.setAttribute("d", path(samples, definition, definition.series[index].value, high, view)));
        setText(begin, view.period.begin);
        show();
    }

    const begin = el("span");
    const root = el("figure", { class: "chart" }, el("figcaption", {}, el("h3", {}, definition.title)), plot,
        el("p", { class: "times", "aria-hidden": "true" }, begin, el("span", {}, "now")), legend);
    return { root, update };
}

const x = (at, { now, windowMs }) => (WIDTH * Math.max(0, 1 - (now - at) / windowMs)).toFixed(1);

function newest(definition, samples) {
    const known = (sample) => definition.series.some(({ value }) => value(sample) !== null && value(sample) !== undefined);
    return (definition.sparse ? samples.findLast(known) : samples.at(-1)) ?? null;
}

function nearest(samples, at) {
    if (samples.length === 0) return null;
    return samples.reduce((best, sample, index) => (Math.abs(sample.at - at) < Math.abs(samples[best].at - at) ? index : best), 0);
}

function path(samples, definition, value, high, view) {
    let text = "", last = null;
    for (const sample of samples) {
        const number = value(sample);
        if (number === null || number === undefined) continue;
        const joined = last !== null && (definition.sparse || sample.at - last < view.windowMs * GAP_SHARE);
        const place = `${x(sample.at, view)} ${(HEIGHT - 1 - (number / high) * (HEIGHT - 4)).toFixed(1)}`;
        // a single point is drawn as a line of no length, which the round cap makes a dot
        text += joined ? `L${place}` : `M${place}L${place}`;
        last = sample.at;
    }
    return text;
}

/** The next of 1, 2, 4, 10, 20, 40, …. Half of it is short to write, too. */
function ceiling(value) {
    const power = 10 ** Math.floor(Math.log10(value));
    return power * [1, 2, 4, 10].find((step) => step * power >= value);
}
