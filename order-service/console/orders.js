// The orders: a list by status and customer; one order is in order.js.

import { get } from "./api.js";
import { announce } from "./bus.js";
import { button, card, field, h, put, raw, say, scroller } from "./dom.js";
import { money, n, plural, statusClass } from "./format.js";
import { order } from "./order.js";
import { addressOf } from "./router.js";

const STATUSES = ["new", "pending", "confirmed", "processing", "shipped", "delivered", "cancelled"];
const PAGE = 50;
/** A page may be short, because a filter looks at a bounded number of orders: how many pages are asked for in one go. */
const PAGES_AT_ONCE = 8;

/** A badge that says how many dead letters stand behind an order, and leads there. */
export function lettersOf(found) {
  if (!found.deadLetters) return null;
  return h("a", { class: "badge is-bad", href: addressOf("dead-letters", null, { orderId: found.orderId }) }, plural(found.deadLetters, "dead letter"));
}

function row(found) {
  return h("tr", { "data-test": "order-row" },
    h("td", {}, h("a", { class: "id", href: addressOf("orders", found.orderId) }, raw(found.orderId)), " ", lettersOf(found)),
    h("td", {}, h("span", { class: `badge ${statusClass(found.status)}` }, raw(found.status))),
    h("td", { class: "num narrow-hide" }, `v${n(found.version)}`),
    h("td", { class: "id narrow-hide" }, raw(found.customerId)),
    h("td", { class: "num" }, money(found.totalAmount, raw(found.currency).textContent)),
    h("td", { class: "id num narrow-hide" }, `${found.partition}:${n(found.offset)}`));
}

function list(main, { query }, signal) {
  const filters = { status: query.get("status") ?? "", customerId: query.get("customerId") ?? "" };
  const status = h("select", { name: "status" }, h("option", { value: "" }, "any"), STATUSES.map((one) => h("option", { value: one, selected: one === filters.status }, one)));
  const customer = h("input", { name: "customerId", value: filters.customerId, placeholder: "exact id", maxlength: 64, autocomplete: "off", spellcheck: "false" });
  const apply = (event) => {
    event?.preventDefault();
    location.hash = addressOf("orders", null, { status: status.value, customerId: customer.value.trim() });
  };
  status.addEventListener("change", () => apply());
  const body = h("tbody");
  const note = h("p", { class: "soft", role: "status" }, "Loading…");
  const more = button("Show more", () => load(), { hidden: true });
  let after = null;
  let shown = 0;
  let busy = false;
  async function load() {
    // Pressed twice, it would show the same orders twice; disabled, it would lose the focus.
    if (busy) return;
    busy = true;
    more.setAttribute("aria-disabled", "true");
    try {
      const goal = shown + PAGE;
      for (let pages = 0; pages < PAGES_AT_ONCE && shown < goal; pages += 1) {
        const page = await get("orders", { ...filters, after, limit: Math.max(1, goal - shown) }, signal);
        shown += page.orders.length;
        body.append(...page.orders.map(row));
        after = page.next;
        if (!after) break;
      }
      const filtered = filters.status || filters.customerId;
      if (shown > 0) say(note, after ? `${plural(shown, "order")} so far.` : `${plural(shown, "order")}.`);
      else if (after) say(note, "None so far; there are more orders to look at.");
      else say(note, filtered ? "No order fits these filters." : "There are no orders yet.");
      say(more, shown === 0 ? "Look further" : "Show more");
      more.hidden = !after;
      announce(note.textContent);
    } catch (problem) {
      if (signal.aborted) return;
      put(note, `The orders could not be read: ${problem.message}`);
      more.hidden = false;
      say(more, "Try again");
    }
    busy = false;
    more.removeAttribute("aria-disabled");
  }
  main.append(
    h("h1", { tabindex: "-1" }, "Orders"),
    card("Filter", {}, h("form", { class: "filters", onsubmit: apply }, field("status", status), field("customer", customer), h("button", {}, "Apply"))),
    card("In the store", { class: "fresh" },
      scroller("Orders", h("table", {}, h("caption", { class: "hidden" }, "Orders by id"),
        h("thead", {}, h("tr", {}, ["order", "status"].map((name) => h("th", { scope: "col" }, name)), h("th", { scope: "col", class: "num narrow-hide" }, "version"), h("th", { scope: "col", class: "narrow-hide" }, "customer"), h("th", { scope: "col", class: "num" }, "total"), h("th", { scope: "col", class: "num narrow-hide" }, "partition:offset"))), body)),
      note, h("div", {}, more)));
  load();
}

/** Renders the list, or one order. */
export function orderPlace(main, route, signal) {
  if (route.id) order(main, route.id, signal);
  else list(main, route, signal);
}
