// One order: as it is now, and every event that the store remembers of it.

import { meaningOf } from "./accounting.js";
import { age } from "./ages.js";
import { get } from "./api.js";
import { known, on } from "./bus.js";
import { card, h, put, raw, renew, scroller } from "./dom.js";
import { OUTCOMES, moment, money, n, plural, statusClass } from "./format.js";
import { addressOf } from "./router.js";
import { updateForm } from "./sandbox.js";

/** At most this often the order is read again when it changes, in ms. */
const REFRESH = 500;
/** Its history, if nothing says that there is more of it, at most this often: a duplicate changes no version. */
const HISTORY = 10_000;

const fact = (name, ...value) => [h("dt", {}, name), h("dd", {}, ...value)];

function details(found) {
  const amount = (value) => money(value, raw(found.currency).textContent);
  return card("Now", { class: "fresh", "data-test": "order-detail" },
    h("div", { class: "row" }, h("span", { class: `badge ${statusClass(found.status)}` }, raw(found.status)), h("strong", {}, `version ${n(found.version)}`),
      found.deadLetters > 0 && h("a", { class: "badge is-bad", href: addressOf("dead-letters", null, { orderId: found.orderId }) }, `${plural(found.deadLetters, "dead letter")} not healed: what is missing here`)),
    h("dl", { class: "facts" }, fact("customer", h("a", { class: "id", href: addressOf("orders", null, { customerId: found.customerId }) }, raw(found.customerId))),
      fact("ordered", moment(found.orderDate)), fact("total", amount(found.totalAmount)), fact("shipping", amount(found.shippingCost)), fact("event", h("span", { class: "id" }, raw(found.eventId)))),
    scroller("Items of the order", h("table", {}, h("caption", { class: "hidden" }, "Items"), h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "item"), h("th", { scope: "col", class: "num" }, "quantity"), h("th", { scope: "col", class: "num" }, "price"))),
      h("tbody", {}, found.items.map((item) => h("tr", {}, h("td", { class: "id" }, raw(item.itemId)), h("td", { class: "num" }, n(item.quantity)), h("td", { class: "num" }, amount(item.price))))))));
}

function eventRow(event) {
  const [label, kind] = OUTCOMES[event.outcome] ?? [event.outcome, ""];
  const outcome = event.deadLetter
    ? h("a", { class: `badge ${kind}`, title: meaningOf(event.outcome), href: addressOf("dead-letters", event.deadLetter) }, `${label}${event.code ? `: ${event.code}` : ""}`)
    : h("span", { class: `badge ${kind}`, title: meaningOf(event.outcome) }, label);
  const version = event.schemaVersion ? `v${event.schemaVersion} (id ${event.schemaId})` : `id ${event.schemaId}`;
  const schema = event.schemaId ? h("a", { href: addressOf("schemas", String(event.schemaId)) }, version) : "–";
  return h("tr", {}, h("td", { class: "num" }, event.version === null ? "–" : `v${n(event.version)}`),
    h("td", {}, event.status ? h("span", { class: `badge ${statusClass(event.status)}` }, raw(event.status)) : "–"),
    h("td", {}, outcome), h("td", { class: "id num" }, `${event.partition}:${n(event.offset)}`),
    h("td", { class: "nowrap" }, schema),
    h("td", { class: "num soft" }, event.timestamp ? age(event.timestamp, "", " ago") : "–"));
}

function history(found) {
  return card("History", { class: "fresh" },
    h("p", { class: "soft small" }, found.complete === false ? "Newest first. Older events are no longer remembered by the store; the topic may still have them." : "Newest first: every event of this order in the log, and what became of it."),
    scroller("Events of this order", h("table", {}, h("caption", { class: "hidden" }, "Events of this order, newest first"),
      h("thead", {}, h("tr", {}, h("th", { scope: "col", class: "num" }, "version"), ["status", "outcome"].map((name) => h("th", { scope: "col" }, name)), h("th", { scope: "col", class: "num" }, "partition:offset"), h("th", { scope: "col" }, "schema"), h("th", { scope: "col", class: "num" }, "written"))),
      h("tbody", {}, found.events.map(eventRow)))));
}

async function missing(id, signal) {
  let letters = [];
  try {
    letters = (await get("dlq/messages", { orderId: id, limit: 5, state: "any" }, signal)).messages;
  } catch { /* then only what is known is said */ }
  return card("Now", { "data-test": "order-detail" },
    h("p", {}, "There is no order with this id, as far as the topic has been read."),
    letters.length > 0 && h("p", { class: "trouble" }, "But there are dead letters with this key: ",
      h("a", { href: addressOf("dead-letters", null, { orderId: id, state: "any" }) }, "see why they could not be used"), "."),
    h("p", { class: "soft" }, "Ids are case-sensitive. An id of digits only, such as 1001, also finds ORD-1001."));
}

/** Renders one order, and renews it as it changes. */
export function order(main, id, signal) {
  const title = h("h1", { tabindex: "-1" }, raw(id));
  const [events, now] = [h("div"), h("div")];
  const body = h("div", { class: "pair one-order" }, h("p", { class: "loading", role: "status" }, "Loading…"));
  const forms = h("div", { class: "update" });
  const left = h("div", { class: "side" }, events, forms);
  main.append(h("div", { class: "row" }, h("a", { href: "#/orders" }, "← Orders"), title), body);
  const shown = { details: "", events: "", version: null, read: -Infinity };
  let timer = null;
  let busy = false;
  let again = false;
  let letters = false;
  let orderId = id;
  // Only what has changed is drawn, and not while text in it is selected.
  function draw(element, what, value, content) {
    const next = JSON.stringify(value);
    const selection = getSelection();
    if (next === shown[what] || (!selection.isCollapsed && element.contains(selection.anchorNode))) return;
    shown[what] = next;
    renew(element, content(value));
  }
  function place() {
    if (body.firstChild !== left) put(body, left, now);
  }
  async function read() {
    const found = await get("order-details", { orderId: id }, signal);
    orderId = found.orderId;
    if (found.version !== shown.version || letters || performance.now() - shown.read > HISTORY) {
      letters = false;
      const past = await get(`orders/${encodeURIComponent(found.orderId)}/history`, {}, signal).catch((problem) => ({ problem: problem.message }));
      Object.assign(shown, { version: past.problem ? null : found.version, read: performance.now() });
      draw(events, "events", past, () => (past.problem ? card("History", {}, h("p", { class: "trouble" }, past.problem)) : history(past)));
    }
    if (title.textContent !== raw(orderId).textContent) put(title, raw(orderId));
    draw(now, "details", found, details);
    place();
    if (!known.config?.sandbox) return;
    if (!forms.firstChild) put(forms, card("Update it", { class: "narrow" }, updateForm(known.config, orderId)));
    forms.querySelector("form").dispatchEvent(new CustomEvent("status", { detail: found.status }));
  }
  // One request at a time, however fast the order changes.
  async function load() {
    timer = null;
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    try {
      await read();
    } catch (problem) {
      if (signal.aborted) return;
      Object.assign(shown, { details: "", events: "", version: null });
      if (problem.status === 404) renew(body, await missing(id, signal));
      else put(body, h("p", { class: "trouble", role: "alert" }, `The order could not be read: ${problem.message}`));
    } finally {
      busy = false;
    }
    if (again) soon();
    again = false;
  }
  const soon = () => {
    if (!signal.aborted) timer ??= setTimeout(load, REFRESH);
  };
  on("orders", (batch) => {
    // A batch that is only a sample may have left this one out.
    if (batch.skipped > 0 || batch.orders.some((one) => one.orderId === orderId || one.orderId === id)) soon();
  }, signal);
  for (const topic of ["dlq", "reconnected"]) {
    on(topic, () => {
      letters = true;
      soon();
    }, signal);
  }
  signal.addEventListener("abort", () => clearTimeout(timer));
  load();
}
