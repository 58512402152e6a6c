// Several dead letters at once: those that are ticked, or all that fit a filter.

import { button, h, say } from "./dom.js";
import { known } from "./bus.js";
import { n, plural } from "./format.js";
import { actions } from "./replay.js";

/** How many ids one request may name. */
const MOST = 1_000;

/** What the service can name by itself: a code, a time range, or everything; null for any other filter. */
export function wholeFilter(filters) {
  const { code, since, until, partition, orderId, state } = filters;
  if (partition || orderId || state) return null;
  if (code) return since || until ? null : { code };
  if (since || until) return { ...(since && { since }), ...(until && { until }) };
  return { all: true };
}

/** How many they are; null where nothing counts them. */
const sizeOf = (whole) => (whole?.code ? known.dlq?.byCode?.[whole.code] : whole?.all ? known.dlq?.count : null) ?? null;

/** The bar below the list. `boxes()` are the checkboxes of the rows that are shown. */
export function selection(filters, boxes, signal, done) {
  // By id: its state.
  const ids = new Map();
  const whole = wholeFilter(filters);
  let all = false;
  const label = h("p", { role: "status" });
  const tick = button("Select all shown", () => {
    all = false;
    for (const box of boxes()) ids.set(box.dataset.id, box.dataset.state);
    changed();
  });
  const everything = button("", () => {
    all = true;
    ids.clear();
    changed();
  }, { "data-test": "select-filter" });
  const none = button("Clear", () => {
    clear();
    panel.clear();
    changed();
  }, { class: "quiet" });
  const panel = actions({
    selection: () => (all ? whole : { ids: [...ids.keys()] }), count: () => ids.size, what: () => (all ? `all${total()} ${words()}, open or parked` : null), signal,
    done: () => {
      clear();
      done();
    },
  });
  const close = button("Close", () => {
    panel.clear();
    changed();
  }, { class: "quiet" });
  const bar = h("div", { class: "side" }, label, panel.element, h("div", {}, close));
  const element = h("div", { class: "selection-bar" }, h("div", { class: "row" }, tick, whole && everything, none), bar);
  const total = () => (sizeOf(whole) === null ? "" : ` ${n(sizeOf(whole))}`);
  const words = () => (whole?.code ? `with the code ${whole.code}` : whole?.all ? "dead letters" : "of that time");
  function clear() {
    ids.clear();
    all = false;
  }
  function changed() {
    // What becomes of all is shown on each.
    for (const box of boxes()) {
      box.checked = all || ids.has(box.dataset.id);
      if (ids.has(box.dataset.id)) ids.set(box.dataset.id, box.dataset.state);
    }
    const some = all || ids.size > 0;
    // What became of a replay or a discard stays to be read.
    const speaks = panel.speaks();
    bar.hidden = !some && !speaks;
    none.hidden = !some;
    label.hidden = !some;
    close.hidden = some || !speaks;
    say(everything, `Select all${total()} ${words()}`);
    everything.hidden = boxes().length === 0 || (sizeOf(whole) !== null && sizeOf(whole) <= boxes().length);
    tick.hidden = boxes().length === 0;
    element.hidden = boxes().length === 0 && bar.hidden;
    const also = "also those that are not shown. A replay takes the open ones only, a discard the parked ones, too";
    say(label, all ? `All${total()} ${words()} are selected, ${also}.` : ids.size > MOST ? `${plural(ids.size, "dead letter")} selected: more than ${n(MOST)} at once need a filter.` : `${plural(ids.size, "dead letter")} selected.`);
    const states = [...ids.values()];
    const fits = some && ids.size <= MOST;
    const can = (...which) => fits && (all || states.some((state) => which.includes(state)));
    const why = !fits ? `Select up to ${n(MOST)} dead letters, or a whole filter.` : "None of the selected dead letters is open any more.";
    panel.changed();
    panel.allow({ replay: can("open"), discard: can("open", "parked"), why });
  }
  return {
    element, ids, changed,
    pick(id, picked) {
      // Without one of them, it is no longer the whole filter.
      if (all) for (const box of boxes()) ids.set(box.dataset.id, box.dataset.state);
      all = false;
      if (picked) ids.set(id, boxes().find((box) => box.dataset.id === id)?.dataset.state);
      else ids.delete(id);
      changed();
    },
  };
}
