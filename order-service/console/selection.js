// Several dead letters at once: those that are ticked, or all that fit a filter.

import { button, h, say } from "./dom.js";
import { plural } from "./format.js";
import { actions } from "./replay.js";

/** What the service can name by itself: a code, a time range, or everything that is open; null for any other filter. */
export function wholeFilter(filters) {
  const { code, since, until, partition, orderId, state } = filters;
  if (partition || orderId || (state && state !== "open")) return null;
  if (code) return since || until ? null : { code };
  if (since || until) return { ...(since && { since }), ...(until && { until }) };
  return { all: true };
}

/** The bar below the list. `boxes()` are the checkboxes of the rows that are shown. */
export function selection(filters, boxes, signal, done) {
  const ids = new Set();
  const whole = wholeFilter(filters);
  let all = false;
  const label = h("p", { role: "status" });
  const tick = button("Select all shown", () => {
    for (const box of boxes()) {
      box.checked = true;
      ids.add(box.dataset.id);
    }
    changed();
  });
  const everything = button("Select the whole filter", () => {
    all = true;
    changed();
  }, { "data-test": "select-filter" });
  const none = button("Clear", () => {
    clear();
    changed();
  }, { class: "quiet" });
  const panel = actions({
    selection: () => (all ? whole : { ids: [...ids] }), count: () => (all ? null : ids.size), signal,
    done: () => {
      clear();
      done();
    },
  });
  const bar = h("div", { class: "side" }, label, panel.element);
  const element = h("div", { class: "side" }, h("div", { class: "row" }, tick, whole && everything, none), bar);
  function clear() {
    ids.clear();
    all = false;
    for (const box of boxes()) box.checked = false;
  }
  function changed() {
    const some = all || ids.size > 0;
    // What became of a replay stays to be read.
    bar.hidden = !some && !bar.querySelector("[data-test=replay-progress]");
    none.hidden = !some;
    element.hidden = boxes().length === 0 && !some && bar.hidden;
    const what = whole?.code ? `All open letters with the code ${whole.code} are selected, also those that are not shown.`
      : whole?.all ? "All open letters are selected, also those that are not shown. A discard takes parked ones, too." : "All open letters of that time are selected, also those that are not shown.";
    say(label, all ? what : `${plural(ids.size, "letter")} selected.`);
    panel.allow({ replay: some, discard: some });
    panel.changed();
  }
  return {
    element, ids, changed,
    pick(id, picked) {
      if (picked) ids.add(id);
      else ids.delete(id);
      all = false;
      changed();
    },
  };
}
