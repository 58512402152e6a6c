// The filters of the dead letters: what an address says, and the controls for it.

import { button, field, h } from "./dom.js";
import { n } from "./format.js";

// With what the list is without a filter first, which is what the counts are of.
const STATES = { "": "open or parked", open: "open", parked: "parked", replayed: "replayed", discarded: "discarded", any: "any" };
const FILTERS = ["code", "state", "partition", "orderId", "since", "until"];

/** The filters of an address. */
export const filtersOf = (query) => Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? ""]));

/** Whether they say more than a code. */
export const isNarrowed = ({ partition, orderId, since, until, state }) => Boolean(partition || orderId || since || until || state);

/** A time as the control for times wants it, in the viewer's time zone. */
function local(time) {
  const at = new Date(time);
  return Number.isNaN(at.getTime()) ? "" : new Date(at - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** The form with all filters but the code; `apply(filters)` is called with what was chosen. */
export function filterForm(filters, apply) {
  const state = h("select", { name: "state", "data-test": "filter-state" }, Object.entries(STATES).map(([value, name]) => h("option", { value, selected: value === filters.state }, name)));
  const text = (name, attributes) => h("input", { name, value: filters[name], autocomplete: "off", spellcheck: "false", ...attributes });
  const time = (name) => h("input", { name, type: "datetime-local", value: filters[name] ? local(filters[name]) : "" });
  const controls = { state, partition: text("partition", { inputmode: "numeric", pattern: "[0-9]*", placeholder: "any" }), orderId: text("orderId", { maxlength: 64, placeholder: "exact key" }), since: time("since"), until: time("until") };
  const read = (event) => {
    event?.preventDefault();
    const given = Object.fromEntries(Object.entries(controls).map(([name, control]) => [name, control.value.trim()]));
    for (const name of ["since", "until"]) given[name] = given[name] && new Date(given[name]).toISOString();
    apply({ ...given, code: filters.code });
  };
  state.addEventListener("change", () => read());
  return h("details", { open: isNarrowed(filters) }, h("summary", {}, "More filters"), h("form", { class: "filters", onsubmit: read },
    field("state", controls.state), field("partition", controls.partition), field("order (key)", controls.orderId), field("since", controls.since), field("until", controls.until),
    h("div", { class: "row" }, h("button", {}, "Apply"), button("Clear", () => apply({})))));
}

/** A button per code, with how many open or parked dead letters it has, unless other filters say that it is about others. */
export function codeChips(dlq, filters, choose) {
  const chosen = filters.code;
  const counted = (name, count) => (isNarrowed(filters) ? name : `${name} ${n(count)}`);
  const codes = Object.entries(dlq.byCode).filter(([code, count]) => count > 0 || code === chosen).sort((a, b) => b[1] - a[1]);
  if (chosen && !codes.some(([code]) => code === chosen)) codes.push([chosen, 0]);
  const chip = (code, label) => button(label, () => choose(code), { "aria-pressed": String(code === chosen), "data-test": "filter-code", "data-code": code });
  return [chip("", counted("all", dlq.count)), ...codes.map(([code, count]) => chip(code, counted(code, count)))];
}
