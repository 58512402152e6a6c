// The dead letters: the list, and beside it the one that is open.

import { known, on, onKnown } from "./bus.js";
import { bars } from "./chart.js";
import { card, h, put } from "./dom.js";
import { codeChips, filterForm, filtersOf, isNarrowed } from "./filters.js";
import { clock, moment, n, plural } from "./format.js";
import { jobList } from "./jobs.js";
import { letter } from "./letter.js";
import { letterList } from "./list.js";
import { addressOf, focusHeading } from "./router.js";

/** Open and parked ones by hour, if there are any. */
function hours({ byHour = [] }) {
  const total = byHour.reduce((sum, { count }) => sum + count, 0);
  if (total === 0) return null;
  const first = byHour[0].hour;
  return h("div", { class: "hours fresh" }, h("p", { class: "small soft" }, `${plural(total, "dead letter")} of the last ${byHour.length} hours, open or parked, by the hour of writing`),
    bars(byHour, ({ hour, count }) => `${moment(hour)}: ${n(count)}`),
    h("div", { class: "between small soft", "aria-hidden": "true" }, h("span", {}, moment(first).slice(0, -3)), h("span", {}, `${clock(byHour.at(-1).hour).slice(0, -3)}, this hour`)));
}

/** Renders the place. Going from letter to letter keeps the list as it is. */
export function letters(main, route, signal) {
  const place = h("div", { class: "letters" });
  const chips = h("div", { class: "chips", role: "group", "aria-label": "Filter by code" });
  const chart = h("div", {});
  const tools = h("div", { class: "side" });
  const rows = h("div", { class: "side" });
  const detail = h("div", { class: "detail" });
  let filters = null;
  let shown = null;
  let list = null;
  let stopList = null;
  let stopLetter = null;
  const apply = (changed) => { location.hash = addressOf("dead-letters", null, changed); };
  // One listener for all of them: those that come and go would pile up on the place's own signal.
  signal.addEventListener("abort", () => {
    stopList?.abort();
    stopLetter?.abort();
  });
  const anew = (before) => {
    before?.abort();
    return new AbortController();
  };
  let drawn = "";
  function draw() {
    if (!known.dlq || filters === null) return;
    const { count, byCode, byHour, byState } = known.dlq;
    const now = JSON.stringify([count, byCode, byHour, byState, filters]);
    if (now === drawn) return;
    drawn = now;
    const focused = chips.contains(document.activeElement) ? document.activeElement.dataset.code : null;
    put(chips, codeChips(known.dlq, filters, (code) => apply({ ...filters, code })));
    if (focused !== null) [...chips.children].find((chip) => chip.dataset.code === focused)?.focus();
    // The counts by hour are of all of them.
    put(chart, isNarrowed(filters) || filters.code ? null : hours(known.dlq));
  }
  function update(next, first) {
    const wanted = filtersOf(next.query);
    const refiltered = JSON.stringify(wanted) !== JSON.stringify(filters);
    if (refiltered) {
      filters = wanted;
      stopList = anew(stopList);
      list = letterList(filters, stopList.signal);
      put(tools, filterForm(filters, apply));
      put(rows, list.element);
      draw();
    } else if (!first && next.id === shown) {
      list.reload();
    }
    place.classList.toggle("open", next.id !== null);
    list.open(next.id);
    if (next.id === shown) return;
    const left = shown;
    shown = next.id;
    stopLetter = anew(stopLetter);
    put(detail, next.id && letter(next.id, addressOf("dead-letters", null, filters), stopLetter.signal, () => list.reload()));
    if (next.id && !first) {
      focusHeading(detail);
      detail.scrollTop = 0;
      // On a narrow screen it takes the place of the list.
      detail.querySelector("h2").scrollIntoView({ block: "nearest" });
    } else if (left) {
      list.focus(left);
    }
  }
  onKnown("dlq", draw, signal);
  on("reconnected", () => list.reload(), signal);
  main.append(h("h1", { tabindex: "-1" }, "Dead letters"), place, jobList(signal));
  place.append(card("List", { class: "list" }, chart, chips, tools, rows), detail);
  update(route, true);
  return (next) => update(next, false);
}
