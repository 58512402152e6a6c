// The list of dead letters. It stays as it is while somebody reads; what has changed meanwhile waits behind a button.

import { age } from "./ages.js";
import { get } from "./api.js";
import { known, on } from "./bus.js";
import { add, button, h, put, raw, say, scroller } from "./dom.js";
import { datumBytes } from "./evidence.js";
import { isNarrowed } from "./filters.js";
import { n, plural } from "./format.js";
import { addressOf } from "./router.js";
import { selection } from "./selection.js";

const PAGE = 50;
const MOST = 500;
/** At most this often it is looked whether the list has changed, in ms. */
const LOOK = 1_500;

function row(message, filters, picked) {
  const address = addressOf("dead-letters", message.id, filters);
  const key = message.key === null ? h("span", { class: "soft" }, "no key") : h("a", { class: "plain-link", href: address, tabindex: "-1" }, raw(message.key));
  const check = h("input", { type: "checkbox", "aria-label": `Select ${message.id}`, "data-id": message.id, "data-state": message.state, checked: picked });
  const link = h("a", { class: "badge is-bad", href: address }, message.code ?? "not ours");
  return h("tr", { "data-test": "letter-row", "data-id": message.id },
    h("td", {}, check), h("td", {}, link, message.state !== "open" && [" ", h("span", { class: "badge" }, message.state)]), h("td", { class: "id" }, key),
    h("td", { class: "reason narrow-hide" }, raw(datumBytes(message.reason ?? ""))),
    h("td", { class: "id wide-only narrow-hide num" }, message.origin ? `${message.origin.partition}:${n(message.origin.offset)}` : "–"),
    h("td", { class: "num soft" }, message.timestamp ? age(message.timestamp) : "–"));
}

/** The list for these filters; `open(id)` marks the letter that is shown. */
export function letterList(filters, signal) {
  const body = h("tbody");
  const note = h("p", { class: "soft", role: "status" }, "Loading…");
  const news = h("p", { class: "trouble mild", hidden: true, "data-test": "list-news" });
  const more = button("Show more", () => load(false), { hidden: true });
  const heading = (name, kind) => h("th", { scope: "col", class: kind }, name);
  const table = scroller("Dead letters", h("table", {}, h("caption", { class: "hidden" }, "Dead letters, newest first"), h("thead", {}, h("tr", {}, heading(h("span", { class: "hidden" }, "select")), heading("code"), heading("key"),
    heading("why", "narrow-hide"), heading("partition:offset", "wide-only narrow-hide num"), heading("age", "num"))), body));
  const picked = selection(filters, () => [...body.querySelectorAll("input")], signal, () => load(true));
  const query = { ...filters, state: filters.state || "unsettled" };
  // By id: the row, and what it was made from.
  let rows = new Map();
  let after = null;
  let current = null;
  let busy = null;
  function mark() {
    for (const one of body.children) {
      if (one.dataset.id === current) one.setAttribute("aria-current", "true");
      else one.removeAttribute("aria-current");
    }
  }
  /** Shows these; a row that stays the same stays the same element, with its focus. */
  function show(messages) {
    const focused = body.contains(document.activeElement) ? document.activeElement : null;
    const before = rows;
    rows = new Map();
    for (const message of messages) {
      const made = JSON.stringify(message);
      const was = before.get(message.id);
      rows.set(message.id, was?.made === made ? was : { made, message, element: row(message, filters, picked.ids.has(message.id)) });
    }
    body.replaceChildren(...[...rows.values()].map(({ element }) => element));
    if (!focused) return;
    const id = focused.closest("tr")?.dataset.id;
    const stays = focused.isConnected ? focused : rows.get(id)?.element.querySelector(focused.matches("input") ? "input" : "a");
    (stays ?? table).focus({ preventScroll: true });
  }
  function tell(page) {
    const count = rows.size;
    const narrowed = isNarrowed(filters) || filters.code;
    table.hidden = count === 0;
    more.hidden = !after;
    if (count > 0) say(note, `${plural(count, "dead letter")}${after ? " shown, there are more" : ""}.${page.complete ? "" : " The dead-letter topic has not been read to its end: some may be missing."}`);
    else if (after) say(note, "None among the newest; there are more to look at.");
    else say(note, narrowed ? "No dead letter fits these filters." : "No dead letters. Every record could be used, or was taken care of.");
    const parked = [...rows.values()].filter(({ message }) => message.state === "parked").length;
    if (parked > 0 && !filters.state) add(note, ` ${plural(parked, "is", "are")} parked: replayed three times, and not replayed again.`);
  }
  async function load(anew) {
    // One at a time: twice the same page would be shown twice.
    if (busy) return busy.then(() => (anew ? load(true) : undefined));
    busy = read(anew);
    more.setAttribute("aria-disabled", "true");
    await busy;
    more.removeAttribute("aria-disabled");
    busy = null;
    return undefined;
  }
  async function read(anew) {
    try {
      const limit = anew ? Math.max(PAGE, Math.min(MOST, rows.size)) : PAGE;
      const page = await get("dlq/messages", { ...query, after: anew ? null : after, limit }, signal);
      show([...(anew ? [] : [...rows.values()].map(({ message }) => message)), ...page.messages]);
      after = page.next;
      news.hidden = true;
      tell(page);
      picked.changed();
      mark();
    } catch (problem) {
      if (!signal.aborted) put(note, `The dead letters could not be read: ${problem.message} `, button("Try again", () => load(anew)));
    }
  }
  // Whether the list is another one by now, with these filters, is only known by asking.
  let timer = null;
  let counts = "";
  async function look() {
    timer = null;
    if (busy || signal.aborted) return;
    const page = await get("dlq/messages", { ...query, limit: PAGE }, signal).catch(() => null);
    if (page === null || busy || signal.aborted) return;
    const fresh = page.messages.filter(({ id }) => !rows.has(id)).length;
    const shown = [...rows.values()].slice(0, fresh > 0 ? PAGE : page.messages.length || PAGE).map(({ made }) => made);
    const same = fresh === 0 && JSON.stringify(page.messages.map((message) => JSON.stringify(message))) === JSON.stringify(shown) && (page.next !== null || rows.size === page.messages.length);
    // Nobody reads an empty list.
    if (fresh > 0 && rows.size === 0) load(true);
    else if (same) news.hidden = true;
    else {
      const what = fresh > 0 ? `${fresh >= PAGE ? "Many new dead letters" : plural(fresh, "new dead letter")}. ` : "The list has changed. ";
      news.hidden = false;
      if (news.firstChild?.textContent !== what) put(news, what, button("Show", () => load(true).then(() => table.focus({ preventScroll: true }))));
    }
  }
  function watch(dlq) {
    picked.changed();
    const now = JSON.stringify([dlq.byState, dlq.count]);
    if (now === counts) return;
    const first = counts === "";
    counts = now;
    if (!first) timer ??= setTimeout(look, rows.size === 0 ? 0 : LOOK);
  }
  if (known.dlq) watch(known.dlq);
  on("dlq", watch, signal);
  signal.addEventListener("abort", () => clearTimeout(timer));
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
  return {
    element: [news, table, note, h("div", {}, more), picked.element],
    reload: () => load(true),
    open: (id) => { current = id; mark(); },
    focus: (id) => rows.get(id)?.element.querySelector("a").focus(),
  };
}
