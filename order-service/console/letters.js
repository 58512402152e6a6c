// The dead letters: filters, the list, and beside it the one that is open.

import { get } from "./api.js";
import { announce, known, on, onKnown } from "./bus.js";
import { bars } from "./chart.js";
import { add, button, card, h, put, raw, say, scroller } from "./dom.js";
import { codeChips, filterForm, filtersOf } from "./filters.js";
import { ago, moment, n, plural } from "./format.js";
import { jobList } from "./job.js";
import { letter } from "./letter.js";
import { addressOf, focusHeading } from "./router.js";
import { selection } from "./selection.js";

const PAGE = 50;

function row(message, filters, picks) {
  const key = message.key === null ? h("span", { class: "soft" }, "no key") : raw(message.key);
  const check = h("input", { type: "checkbox", "aria-label": `Select ${message.id}`, "data-id": message.id, checked: picks.has(message.id) });
  const link = h("a", { class: "badge is-bad", href: addressOf("dead-letters", message.id, filters) }, message.code ?? "not ours");
  return h("tr", { "data-test": "letter-row", "data-id": message.id },
    h("td", {}, check), h("td", {}, link, message.state !== "open" && [" ", h("span", { class: "badge" }, message.state)]), h("td", { class: "id" }, key),
    h("td", { class: "reason wide-only narrow-hide" }, raw(message.reason ?? "")),
    h("td", { class: "id wide-only narrow-hide num" }, message.origin ? `${message.origin.partition}:${n(message.origin.offset)}` : "–"),
    h("td", { class: "num soft", title: message.timestamp ? moment(message.timestamp) : null }, message.timestamp ? ago(message.timestamp) : "–"));
}

/** The list for these filters; `open(id)` marks the letter that is shown. */
function letterList(filters, signal) {
  const body = h("tbody");
  const note = h("p", { class: "soft", role: "status" }, "Loading…");
  const news = h("p", { class: "trouble mild", hidden: true });
  const more = button("Show more", () => load(false), { hidden: true });
  const table = scroller("Dead letters", h("table", {}, h("caption", { class: "hidden" }, "Dead letters, newest first"), h("thead", {}, h("tr", {}, h("th", { scope: "col" }, h("span", { class: "hidden" }, "select")), ["code", "key"].map((name) => h("th", { scope: "col" }, name)),
    h("th", { scope: "col", class: "wide-only narrow-hide" }, "why"), h("th", { scope: "col", class: "wide-only narrow-hide num" }, "partition:offset"), h("th", { scope: "col", class: "num" }, "age"))), body));
  const picked = selection(filters, () => [...body.querySelectorAll("input")], signal, () => load(true));
  let after = null;
  let current = null;
  let counted = null;
  const mark = () => {
    for (const one of body.children) {
      if (one.dataset.id === current) one.setAttribute("aria-current", "true");
      else one.removeAttribute("aria-current");
    }
  };
  async function load(anew) {
    if (anew) after = null;
    try {
      const limit = anew ? Math.max(PAGE, Math.min(500, body.children.length)) : PAGE;
      const page = await get("dlq/messages", { ...filters, state: filters.state || "open", after, limit }, signal);
      if (anew) body.replaceChildren();
      body.append(...page.messages.map((message) => row(message, filters, picked.ids)));
      after = page.next;
      more.hidden = !after;
      counted = known.dlq?.count ?? null;
      news.hidden = true;
      const count = body.children.length;
      const narrowed = Object.values(filters).some(Boolean);
      table.hidden = count === 0;
      const parked = !Object.values(filters).some(Boolean) && known.dlq?.byState?.parked;
      if (count > 0) say(note, `${plural(count, "letter")}${after ? " shown, there are more" : ""}.${page.complete ? "" : " The dead-letter topic has not been read to its end: some may be missing."}`);
      else if (after) say(note, "None among the newest; there are more to look at.");
      else say(note, narrowed ? "No dead letter fits these filters." : "No dead letters. Every record could be used, or was taken care of.");
      if (parked) add(note, " ", h("a", { href: addressOf("dead-letters", null, { ...filters, state: "parked" }) }, `${plural(parked, "more letter")} parked`), " after three replays.");
      picked.changed();
      mark();
    } catch (problem) {
      if (!signal.aborted) put(note, `The dead letters could not be read: ${problem.message} `, button("Try again", () => load(anew)));
    }
  }
  // New letters do not push the others away while somebody reads: they wait behind a button.
  onKnown("dlq", (dlq) => {
    const grown = counted === null ? 0 : dlq.count - counted;
    if (grown < 0) counted = dlq.count;
    // Nobody reads an empty list.
    if (grown > 0 && body.children.length === 0) return load(true);
    news.hidden = !(grown > 0);
    if (grown > 0) put(news, `${plural(grown, "new dead letter")}. `, button("Show", () => load(true)));
    return undefined;
  }, signal);
  body.addEventListener("change", (event) => picked.pick(event.target.dataset.id, event.target.checked));
  body.addEventListener("click", (event) => {
    const one = event.target.closest("tr");
    // Selecting text, or a control of the row itself, opens nothing.
    if (one && !event.target.closest("a, input") && getSelection().isCollapsed) location.hash = addressOf("dead-letters", one.dataset.id, filters);
  });
  body.addEventListener("keydown", (event) => {
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    const next = step && event.target.closest("tr")?.[step];
    if (!next) return;
    event.preventDefault();
    next.querySelector(event.target.matches("input") ? "input" : "a").focus();
  });
  load(true);
  return { element: [news, table, note, h("div", {}, more), picked.element], reload: () => load(true), open: (id) => { current = id; mark(); } };
}

function hours(dlq) {
  const some = (dlq.byHour ?? []).filter(({ count }) => count > 0);
  if (some.length === 0) return null;
  const total = some.reduce((sum, { count }) => sum + count, 0);
  return h("div", { class: "fresh" }, bars(dlq.byHour, ({ hour, count }) => `${moment(hour)}: ${n(count)}`), h("p", { class: "small soft" }, `${plural(total, "record")} dead-lettered in the last ${dlq.byHour.length} hours, by hour; the last bar is now.`));
}

/** Renders the place. Going from letter to letter keeps the list as it is. */
export function letters(main, route, signal) {
  const place = h("div", { class: "letters" });
  const chips = h("div", { class: "chips", role: "group", "aria-label": "Filter by code" });
  const chart = h("div", {});
  const tools = h("div", { class: "side" });
  const rows = h("div", { class: "side" });
  const listCard = card("List", { class: "list fresh" }, chips, tools, rows);
  const detail = h("div", {});
  let filters = null;
  let shown = null;
  let list = null;
  let listAbort = null;
  let letterAbort = null;
  const apply = (changed) => { location.hash = addressOf("dead-letters", null, changed); };
  const drawChips = () => known.dlq && put(chips, codeChips(known.dlq, filters.code, (code) => apply({ ...filters, code })));
  const child = (before) => {
    before?.abort();
    const abort = new AbortController();
    signal.addEventListener("abort", () => abort.abort());
    return abort;
  };
  function update(next, first) {
    const wanted = filtersOf(next.query);
    const refiltered = JSON.stringify(wanted) !== JSON.stringify(filters);
    if (refiltered) {
      filters = wanted;
      listAbort = child(listAbort);
      list = letterList(filters, listAbort.signal);
      put(tools, filterForm(filters, apply));
      put(rows, list.element);
      drawChips();
    }
    place.classList.toggle("open", next.id !== null);
    list.open(next.id);
    if (next.id !== shown) {
      const left = shown;
      shown = next.id;
      letterAbort = child(letterAbort);
      put(detail, next.id && letter(next.id, addressOf("dead-letters", null, filters), letterAbort.signal, () => list.reload()));
      if (next.id && !first) focusHeading(detail);
      else if (left) rows.querySelector(`[data-id="${left}"] a`)?.focus();
    } else if (refiltered && !first) {
      announce("Filter applied");
      chips.querySelector("[aria-pressed=true]")?.focus();
    }
  }
  let drawn = "";
  onKnown("dlq", (dlq) => {
    if (filters === null) return;
    const now = JSON.stringify([dlq.count, dlq.byCode, dlq.byHour]);
    // A chip that has the focus stays.
    if (now === drawn || chips.contains(document.activeElement)) return;
    drawn = now;
    drawChips();
    put(chart, hours(dlq));
  }, signal);
  on("reconnected", () => list.reload(), signal);
  main.append(h("h1", { tabindex: "-1" }, "Dead letters"), place, jobList(signal));
  place.append(listCard, detail);
  listCard.append(chart);
  update(route, true);
  if (known.dlq) {
    drawChips();
    put(chart, hours(known.dlq));
  }
  return (next) => update(next, false);
}
