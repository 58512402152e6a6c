// One list of sentences: everything that somebody should look at, the worst first.

import { age } from "./ages.js";
import { known, onKnown, perFrame } from "./bus.js";
import { card, h, raw, renew } from "./dom.js";
import { n, plural } from "./format.js";
import { addressOf } from "./router.js";

/** A sentence; what has the same key is the same finding, also when its figures change. */
const item = (key, kind, label, ...text) => ({ key, kind, label, text });

function ofPartitions(stats, reasons) {
  const found = [];
  for (const partition of stats?.partitions ?? []) {
    const name = h("a", { href: "#/partitions" }, `Partition ${partition.partition}`);
    // The health report says it in its own sentence, too.
    if (partition.paused && !reasons.some((reason) => reason.includes(partition.paused))) {
      found.push(item(`paused ${partition.partition}`, "warn", "paused", name, " is not read: ", raw(partition.paused)));
    }
    if (partition.openTransaction) {
      const { offset, since } = partition.openTransaction;
      found.push(item(`blocked ${partition.partition}`, "warn", "blocked", name, `: another producer's open transaction holds its last stable offset at ${n(offset)}`, since && age(since, ", for "), "; nothing behind it can be read until it ends."));
    }
  }
  return found;
}

/** What needs attention, from everything that is known. */
export function findings({ stats, dlq, health, cart, connection }) {
  const found = [];
  const reasons = health?.reasons ?? [];
  for (const reason of reasons) found.push(item(`health ${reason}`, health.ready ? "warn" : "bad", health.ready ? "degraded" : "not ready", raw(reason)));
  found.push(...ofPartitions(stats, reasons));
  if (dlq?.breaker?.open) found.push(item("breaker", "bad", "paused", "Too many dead letters: the breaker has paused reading. ", dlq.breaker.reason ? [raw(dlq.breaker.reason), /[.!?]$/.test(dlq.breaker.reason) ? " " : ". "] : "", h("a", { href: "#/partitions", class: "nowrap" }, "Look, and resume")));
  if (dlq?.count > 0) {
    const codes = Object.entries(dlq.byCode).filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1]);
    const links = codes.flatMap(([code, count], index) => [index > 0 ? ", " : "", h("a", { href: addressOf("dead-letters", null, { code }), class: "nowrap" }, `${n(count)} ${code}`)]);
    found.push(item("letters", "bad", "dead letters", `${plural(dlq.count, "dead letter")} open${dlq.byState?.parked > 0 ? " or parked" : ""}: `, ...links, ". ", h("a", { href: "#/dead-letters", class: "nowrap" }, "See why, and what to do")));
  }
  if (dlq && dlq.complete === false) found.push(item("incomplete", "warn", "incomplete", "Not every dead letter is counted: the dead-letter topic has not been read to its end", dlq.asOf && age(dlq.asOf, " for "), "."));
  if (cart?.state === "away") found.push(item("cart", "warn", "cart-service", `No answer from cart-service at ${known.config?.cartServiceUrl}: is it running there?`));
  if (connection === "lost") found.push(item("connection", "bad", "connection", "order-service does not answer this page; all figures are old."));
  return found.sort((a, b) => (b.kind === "bad") - (a.kind === "bad"));
}

/** The element of a finding; filled anew only if it says something else, ages aside: they go on by themselves. */
function itemOf(items, { key, kind, label, text }) {
  const said = JSON.stringify([kind, label, text.flat(Infinity).map((part) => (part instanceof Node ? part.dataset.at ?? part.textContent : part))]);
  const { element = h("li"), said: before } = items.get(key) ?? {};
  if (said !== before) renew(element, h("span", { class: `badge is-${kind}` }, label), " ", ...text);
  items.set(key, { element, said });
  return element;
}

/** The card. */
export function attention(signal) {
  const list = h("ul", { class: "plain" });
  let cart = null;
  const items = new Map();
  const none = h("li", { class: "soft" });
  const draw = perFrame(() => {
    const found = findings({ ...known, cart });
    if (found.length === 0) none.textContent = known.health ? "Nothing. Everything is as it should be." : "Waiting for the first figures…";
    const wanted = found.length === 0 ? [none] : found.map((one) => itemOf(items, one));
    for (const old of [...list.children]) if (!wanted.includes(old)) old.remove();
    // What is in its place stays there: links keep their focus, and a selection stays.
    wanted.forEach((element, index) => {
      if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null);
    });
    for (const key of items.keys()) if (!found.some((one) => one.key === key)) items.delete(key);
  });
  for (const topic of ["stats", "dlq", "health", "connection"]) onKnown(topic, draw, signal);
  onKnown("cart", (value) => {
    cart = value;
    draw();
  }, signal);
  return card("Needs attention", { class: "fresh", "data-test": "attention" }, list);
}
