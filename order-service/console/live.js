// The orders as they change. A sample at high rates, drawn once per frame; holds still while somebody reads.

import { age } from "./ages.js";
import { on, perFrame } from "./bus.js";
import { button, card, h, put, raw, say, scroller } from "./dom.js";
import { money, n, plural, statusClass } from "./format.js";

const ROWS = 12;
/** How long the note about a sample stays after the last one, in ms. */
const NOTED = 3_000;

/** The orders that changed last, newest first: kept while other places are shown. */
let latest = [];

on("orders", ({ orders }) => {
  // They come in the order in which they were read.
  const newest = [...orders].reverse();
  const fresh = new Set(newest.map((order) => order.orderId));
  latest = [...newest, ...latest.filter((order) => !fresh.has(order.orderId))].slice(0, ROWS);
});

function row(order) {
  return h("tr", { "data-test": "order-row" },
    h("td", {}, h("a", { class: "id", href: `#/orders/${encodeURIComponent(order.orderId)}` }, raw(order.orderId))),
    h("td", {}, h("span", { class: `badge ${statusClass(order.status)}` }, raw(order.status))),
    h("td", { class: "num narrow-hide" }, `v${n(order.version)}`),
    h("td", { class: "num narrow-hide" }, money(order.totalAmount, raw(order.currency).textContent)),
    h("td", { class: "id num narrow-hide" }, `${order.partition}:${n(order.offset)}`),
    h("td", { class: "num soft" }, age(order.timestamp)));
}

/** The card; it is up to date until the signal aborts. */
export function liveOrders(signal) {
  let held = 0;
  let paused = false;
  // The pointer over the table, and the focus in it: each holds it for as long as it is there.
  const reading = { pointer: false, focus: false };
  let sampled = -Infinity;
  const seen = [];
  const body = h("tbody");
  const note = h("p", { class: "small soft" });
  const empty = h("p", { class: "empty" }, "No order has changed since you opened this page.");
  const table = scroller("Orders that changed last",
    h("table", {}, h("caption", { class: "hidden" }, "The orders that changed last, newest first"),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "order"), h("th", { scope: "col" }, "status"), h("th", { scope: "col", class: "num narrow-hide" }, "version"),
        h("th", { scope: "col", class: "num narrow-hide" }, "total"), h("th", { scope: "col", class: "num narrow-hide" }, h("span", { title: "partition and offset of the event" }, "partition:offset")), h("th", { scope: "col", class: "num" }, "age"))),
      body));
  table.hidden = true;
  const pause = button("Pause", () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
    say(pause, paused ? "Continue" : "Pause");
    draw();
  }, { "aria-pressed": "false", "data-test": "pause-live" });

  const selecting = () => {
    const selection = getSelection();
    return !selection.isCollapsed && table.contains(selection.anchorNode);
  };
  const holds = () => paused || reading.pointer || reading.focus || selecting();
  const draw = perFrame(() => {
    if (!holds()) {
      held = 0;
      put(body, latest.map(row));
      table.hidden = latest.length === 0;
      empty.hidden = latest.length > 0;
    }
    explain();
  });
  function explain() {
    const now = performance.now();
    while (seen.length && now - seen[0].at > NOTED) seen.shift();
    const perSecond = seen.reduce((sum, one) => sum + one.count, 0) / (NOTED / 1000);
    const missed = now - sampled < NOTED ? ` This is a sample: about ${n(perSecond)} changes per second are too many to show.` : "";
    const why = paused ? "Paused" : "Held while you read";
    say(note, holds() ? `${why}: ${plural(held, "newer change")} not shown.${missed}` : missed.trim());
    note.hidden = note.textContent === "";
  }

  on("orders", (batch) => {
    const count = batch.orders.length + batch.skipped;
    seen.push({ at: performance.now(), count });
    if (batch.skipped > 0) sampled = performance.now();
    held += count;
    draw();
  }, signal);
  on("stats", explain, signal);
  const read = (what, value) => () => {
    reading[what] = value;
    draw();
  };
  table.addEventListener("pointerenter", read("pointer", true));
  table.addEventListener("pointerleave", read("pointer", false));
  table.addEventListener("focusin", read("focus", true));
  table.addEventListener("focusout", read("focus", false));
  draw();
  const all = card("Orders, live", { class: "live fresh" }, empty, table, note);
  const heading = all.querySelector("h2");
  const head = h("div", { class: "row spread" });
  heading.replaceWith(head);
  head.append(heading, pause);
  return all;
}
