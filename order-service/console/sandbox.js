// Only in the sandbox: forms that create and update orders through cart-service, and one that writes an invalid record.

import { cart, change } from "./api.js";
import { announce } from "./bus.js";
import { card, field, h, put, raw } from "./dom.js";
import { n } from "./format.js";
import { addressOf } from "./router.js";

const STATUSES = ["pending", "confirmed", "processing", "shipped", "delivered", "cancelled"];
const KINDS = {
  empty: "an empty value", "not-avro": "plain text instead of Avro", short: "only three bytes",
  "unknown-schema-id": "a schema id that the registry does not know", "unregistered-schema": "a schema that nobody has registered yet",
  "other-schema": "a record of another schema", "cut-off": "a valid record without its last byte", longer: "a valid record with one more byte",
  "wrong-total": "a total that does not add up", "wrong-key": "a key that is not the order id",
  "wrong-partition": "a valid record in the wrong partition", "illegal-step": "a delivered order that becomes new again",
};

const orderLink = (id) => h("a", { class: "id", href: addressOf("orders", id) }, raw(id));

/** A form that calls `send(values)` and shows what comes of it. `send` returns the nodes of the answer. */
function form(attributes, controls, label, send, result) {
  const out = h("p", { role: "status", "data-test": result });
  const press = h("button", { class: "primary" }, label);
  const submit = async (event) => {
    event.preventDefault();
    press.disabled = true;
    put(out, "Waiting for the answer…");
    try {
      put(out, await send(Object.fromEntries(new FormData(event.target))));
      out.className = "";
    } catch (problem) {
      const hint = problem.status === 0 ? ` Is cart-service running, and is ${location.origin} among its CORS_ORIGINS?` : "";
      put(out, problem.message, hint);
      out.className = "trouble";
    }
    press.disabled = false;
  };
  return h("form", { class: "side", ...attributes, onsubmit: submit }, controls, h("div", {}, press), out);
}

const input = (name, attributes) => h("input", { name, required: true, autocomplete: "off", spellcheck: "false", ...attributes });

const confirmed = ({ order, partition, offset }, verb) =>
  ["Order ", orderLink(order.orderId), ` ${verb}: version ${n(order.version)}`, offset === undefined || offset === null ? "." : `, read back from partition ${partition} at offset ${n(offset)}.`];

function createForm({ cartServiceUrl }) {
  const suggestion = String(1000 + Math.floor(Math.random() * 9000));
  const controls = [field("order id", input("orderId", { value: suggestion, maxlength: 64 })), field("number of items", input("itemsCount", { type: "number", min: 1, max: 100, value: 2 }))];
  const send = async ({ orderId, itemsCount }) => {
    const answer = await cart(cartServiceUrl, "POST", "create-order", { orderId: orderId.trim(), itemsCount: Number(itemsCount) }, { "idempotency-key": crypto.randomUUID?.() ?? String(Math.random()) });
    announce(`Order ${answer.orderId} created`);
    return confirmed(answer, "created");
  };
  return form({ "data-test": "create-order-form" }, controls, "Create the order", send, "create-order-result");
}

/** Updates the status of an order; of this one, if an id is given. */
export function updateForm({ cartServiceUrl }, orderId) {
  const controls = [!orderId && field("order id", input("orderId", { maxlength: 64 })), field("new status", h("select", { name: "status" }, STATUSES.map((status) => h("option", {}, status))))];
  const send = async (values) => confirmed(await cart(cartServiceUrl, "PUT", "update-order", { orderId: orderId ?? values.orderId.trim(), status: values.status }), `is now ${values.status}`);
  return form({ "data-test": "update-order-form" }, controls, "Update the order", send, "update-order-result");
}

function poisonForm({ sandbox }) {
  const options = sandbox.poisonKinds.map((kind) => h("option", { value: kind }, KINDS[kind] ? `${kind}: ${KINDS[kind]}` : kind));
  const send = async ({ kind }) => {
    const { key, partition, offset } = await change("sandbox/poison", { kind }, "Poison is written to the topic");
    return ["Written with the key ", h("span", { class: "id" }, raw(key ?? "none")), ` to partition ${partition} at offset ${n(offset)}. `,
      h("a", { href: addressOf("dead-letters", null, { orderId: key }) }, "See what becomes of it"), /unknown|unregistered/.test(kind) ? " (an unknown schema id is waited for, for a few seconds)." : "."];
  };
  return form({ "data-test": "poison-form" }, [field("what is wrong with it", h("select", { name: "kind" }, options))], "Write it to the topic", send, "poison-result");
}

/** The card with all three. */
export function sandboxForms(config) {
  return card("Sandbox: try it", {}, h("div", { class: "forms" },
    h("div", { class: "side" }, h("h3", {}, "Create an order"), createForm(config)),
    h("div", { class: "side" }, h("h3", {}, "Update an order"), updateForm(config)),
    h("div", { class: "side" }, h("h3", {}, "Send a poisoned record"), poisonForm(config))));
}
