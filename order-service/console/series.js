// The last two minutes as series of numbers, one per second, from the figures that the service sends.

import { known, on, tell } from "./bus.js";

/** How many seconds the charts show. */
export const LENGTH = 120;

/** Over up to this many seconds a mean says what happened in each of them: the stream may be slow, or be replaced by asking. */
const MEAN = 15;

/** The series; all have the same seconds, and `null` is a second about which nothing is known. */
export const series = { events: [], lag: [], letters: [], open: [], answer: [] };

/** The latest rates per second, and how many dead letters came in the seconds that are kept. */
export const rates = { events: null, newLetters: 0, requests: null };

/** What cart-service said last of its answer time, in seconds, and until when that stands for now. */
export const answered = { seconds: null, until: 0 };

let last = null;

const mean = (values) => {
  const numbers = values.filter((value) => value !== null);
  return numbers.length ? numbers.reduce((sum, value) => sum + value, 0) / numbers.length : null;
};

function push(times, values) {
  for (const [name, all] of Object.entries(series)) {
    for (let time = 0; time < times; time += 1) all.push(values[name] ?? null);
    all.splice(0, all.length - LENGTH);
  }
}

function take(stats) {
  const now = performance.now();
  const { records, totals } = stats;
  const passed = last ? (now - last.now) / 1000 : 0;
  // Two that came together, after a pause of the tab, are one second of the chart.
  if (last && passed < 0.3) return;
  const seconds = Math.min(LENGTH, Math.max(1, Math.round(passed)));
  const isMean = last && seconds <= MEAN;
  if (seconds > MEAN) push(seconds - 1, {});
  const grown = (value, before) => (isMean && value >= before ? (value - before) / passed : null);
  push(isMean ? seconds : 1, {
    events: grown(records, last?.records), letters: grown(totals.deadLettered, last?.letters), lag: stats.lag,
    open: known.dlq?.count, answer: now < answered.until ? answered.seconds : null,
  });
  last = { now, records, letters: totals.deadLettered };
  rates.events = mean(series.events.slice(-3));
  rates.newLetters = Math.round(series.letters.reduce((sum, value) => sum + value, 0));
  tell("series", series);
}

/** Begins to keep the series. */
export function keep() {
  on("stats", take);
  if (known.stats) take(known.stats);
}
