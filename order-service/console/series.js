// The last two minutes as series of numbers, one per second, from the figures that the service sends.

import { known, on, tell } from "./bus.js";

/** How many seconds the charts show. */
export const LENGTH = 120;

/** A series; `null` is a second about which nothing is known. */
export const series = { events: [], lag: [], letters: [], answer: [], readBack: [] };

/** The latest rates per second, and how many dead letters there were in the seconds that are kept. */
export const rates = { events: null, newLetters: null, requests: null };

let last = null;

/** Adds a value at the end of a series. */
export function push(name, value) {
  const values = series[name];
  values.push(value);
  if (values.length > LENGTH) values.shift();
}

const mean = (values) => {
  const numbers = values.filter((value) => value !== null);
  return numbers.length ? numbers.reduce((sum, value) => sum + value, 0) / numbers.length : null;
};

function take(stats) {
  const now = performance.now();
  const letters = stats.totals.deadLettered;
  if (last) {
    const passed = (now - last.now) / 1000;
    // Two that came together, after a pause of the tab, are one second of the chart.
    if (passed < 0.3) return;
    const grown = (value, before) => (value >= before ? (value - before) / passed : null);
    push("events", grown(stats.records, last.records));
    push("letters", grown(letters, last.letters));
  }
  push("lag", stats.lag);
  last = { now, records: stats.records, letters };
  rates.events = mean(series.events.slice(-3));
  rates.newLetters = Math.round(series.letters.reduce((sum, value) => sum + value, 0));
  tell("series", series);
}

/** Begins to keep the series. */
export function keep() {
  on("stats", take);
  on("connection", (connection) => {
    if (connection === "live") return;
    // What happened meanwhile is not a rate of one second.
    last = null;
    for (const name of ["events", "letters", "lag"]) push(name, null);
  });
  if (known.stats) take(known.stats);
}
