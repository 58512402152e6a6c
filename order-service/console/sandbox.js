// Only in the sandbox: forms that create and update orders through cart-service, and one that writes an invalid record.

import { cart, change, get } from "./api.js";
import { announce } from "./bus.js";
import { card, field, h, put, raw } from "./dom.js";
import { n } from "./format.js";
import { addressOf } from "./router.js";

// In the order in which an order goes through them; cancelled is possible until it is shipped.
const STATUSES = ["new", "pending", "confirmed", "processing", "shipped", "delivered"];
const KINDS = {
  empty: "an empty value", "not-avro": "plain text instead of Avro", short: "only three bytes",
  "unknown-schema-id": "a made-up schema id: cannot be repaired", "unregistered-schema": "a schema that nobody has registered yet: can be repaired and replayed",
  "other-schema": "a record of another schema", "cut-off": "a valid record without its last byte", longer: "a valid record with one more byte",
  "wrong-total": "a total that does not add up", "wrong-key": "a key that is not the order id",
  "wrong-partition": "a valid record in the wrong partition", "illegal-step": "a delivered order that becomes new again",
};

/** The statuses that an order may go to from this one. */
export function nextStatuses(status) {
  if (status === "delivered" || status === "cancelled") return [];
  const later = STATUSES.slice(STATUSES.indexOf(status) + 1);
  return status === "shipped" ? later : [...later, "cancelled"];
}

const orderLink = (id) => h("a", { class: "id", href: addressOf("orders", id) }, raw(id));

/** A form that calls `send(values)` and shows what comes of it. `send` returns the nodes of the answer. */
function form(attributes, controls, label, send, result) {
  const out = h("p", { role: "status", "data-test": result });
  const press = h("button", { class: "primary" }, label);
  let busy = false;
  const submit = async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    // Not disabled: that would take the focus away.
    press.setAttribute("aria-disabled", "true");
    put(out, "Waiting for the answer…");
    try {
      put(out, await send(Object.fromEntries(new FormData(event.target))));
      out.className = "";
    } catch (problem) {
      // order-service has served this page, and needs no CORS_ORIGINS for it.
      const hint = problem.status === 0 && problem.address?.origin !== location.origin ? ` Is cart-service running, and is ${location.origin} among its CORS_ORIGINS?` : "";
      put(out, problem.message, hint);
      out.className = "trouble";
    }
    busy = false;
    press.removeAttribute("aria-disabled");
  };
  return h("form", { class: "side", ...attributes, onsubmit: submit }, controls, h("div", {}, press), out);
}

const input = (name, attributes) => h("input", { name, required: true, autocomplete: "off", spellcheck: "false", ...attributes });

const confirmed = ({ order, partition, offset }, verb) =>
  ["Order ", orderLink(order.orderId), ` ${verb}: version ${n(order.version)}`, offset === undefined || offset === null ? "." : `, read back from partition ${partition} at offset ${n(offset)}.`];

const suggestion = () => String(1000 + Math.floor(Math.random() * 999_000));

/** The order that was created last, also when another place was shown meanwhile. */
let latest = "";

function createForm({ cartServiceUrl }, created) {
  const id = input("orderId", { value: suggestion(), maxlength: 64 });
  const controls = [field("order id (of digits only: ORD- is put before it)", id), field("number of items", input("itemsCount", { type: "number", min: 1, max: 100, value: 2 }))];
  const send = async ({ orderId, itemsCount }) => {
    const answer = await cart(cartServiceUrl, "POST", "create-order", { orderId: orderId.trim(), itemsCount: Number(itemsCount) }, { "idempotency-key": crypto.randomUUID?.() ?? String(Math.random()) });
    announce(`Order ${answer.orderId} created`);
    latest = answer.orderId;
    created(latest);
    // That one is taken now.
    id.value = suggestion();
    return confirmed(answer, "created");
  };
  return form({ "data-test": "create-order-form" }, controls, "Create the order", send, "create-order-result");
}

/** Updates the status of an order; of this one, if an id is given. An event "status" on it says which status the order has. */
export function updateForm({ cartServiceUrl }, orderId) {
  const id = input("orderId", { value: orderId ?? latest, maxlength: 64 });
  const choice = h("select", { name: "status", required: true });
  let offered = "";
  function offer(statuses) {
    if (offered === String(statuses)) return;
    offered = String(statuses);
    const { value } = choice;
    put(choice, statuses.length ? statuses.map((status) => h("option", { value: status, selected: status === value }, status)) : h("option", { value: "" }, "none: this status is final"));
  }
  const statusOf = (status) => offer(nextStatuses(status));
  async function look() {
    const wanted = id.value.trim();
    try {
      const found = wanted && (await get("order-details", { orderId: wanted }));
      if (found && wanted === id.value.trim()) statusOf(found.status);
    } catch {
      // There is no such order yet, or no answer: sending the form says so.
      offer([...STATUSES.slice(1), "cancelled"]);
    }
  }
  offer([...STATUSES.slice(1), "cancelled"]);
  id.addEventListener("change", look);
  if (!orderId && latest) look();
  const send = async (values) => {
    const answer = await cart(cartServiceUrl, "PUT", "update-order", { orderId: orderId ?? values.orderId.trim(), status: values.status });
    statusOf(answer.order.status);
    // The same status again is no error, and writes no event.
    return answer.message === "Order already has that status" ? ["Nothing changed: order ", orderLink(answer.orderId), ` is ${values.status} already.`] : confirmed(answer, `is now ${values.status}`);
  };
  const element = form({ "data-test": "update-order-form", onstatus: ({ detail }) => statusOf(detail) }, [!orderId && field("order id", id), field("new status", choice)], "Update the order", send, "update-order-result");
  return Object.assign(element, { take: (created) => { id.value = created; statusOf("new"); } });
}

function poisonForm({ sandbox }) {
  const options = sandbox.poisonKinds.map((kind) => h("option", { value: kind }, KINDS[kind] ? `${kind}: ${KINDS[kind]}` : kind));
  const send = async ({ kind }) => {
    const { key, partition, offset } = await change("sandbox/poison", { kind }, "This writes an invalid record to the topic");
    return ["Written with the key ", h("span", { class: "id" }, raw(key ?? "none")), ` to partition ${partition} at offset ${n(offset)}. `,
      h("a", { href: addressOf("dead-letters", null, { orderId: key, state: "any" }) }, "See what becomes of it"), /unknown|unregistered/.test(kind) ? ". That takes a few seconds: order-service asks the registry again before it gives up on an unknown schema id." : "."];
  };
  return form({ "data-test": "poison-form" }, [field("what is wrong with it", h("select", { name: "kind" }, options))], "Write it to the topic", send, "poison-result");
}

/** The card with all three. */
export function sandboxForms(config) {
  const update = updateForm(config);
  return card("Sandbox: try it", {}, h("div", { class: "forms" },
    h("div", { class: "side" }, h("h3", {}, "Create an order"), createForm(config, update.take)),
    h("div", { class: "side" }, h("h3", {}, "Update an order"), update),
    h("div", { class: "side" }, h("h3", {}, "Send an invalid record"), poisonForm(config))));
}
