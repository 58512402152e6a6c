// One list of sentences: everything that somebody should look at, the worst first.

import { known, onKnown, perFrame } from "./bus.js";
import { card, h, put, raw } from "./dom.js";
import { ago, n, plural } from "./format.js";
import { addressOf } from "./router.js";

const item = (kind, label, ...text) => ({ kind, label, text });

function ofPartitions(stats, reasons) {
  const found = [];
  for (const partition of stats?.partitions ?? []) {
    const name = h("a", { href: "#/partitions" }, `Partition ${partition.partition}`);
    // The health report says it in its own sentence, too.
    if (partition.paused && !reasons.some((reason) => reason.includes(partition.paused))) {
      found.push(item("warn", "paused", name, " is not read: ", raw(partition.paused)));
    }
    if (partition.openTransaction) {
      const { offset, since } = partition.openTransaction;
      found.push(item("warn", "blocked", name, `: another producer's open transaction stops its last stable offset at ${n(offset)}${since ? `, for ${ago(since)}` : ""}; nothing behind it can be read until it ends.`));
    }
  }
  return found;
}

/** What needs attention, from everything that is known. */
export function findings({ stats, dlq, health, cart, connection }) {
  const found = [];
  const reasons = health?.reasons ?? [];
  for (const reason of reasons) found.push(item(health.ready ? "warn" : "bad", health.ready ? "degraded" : "not ready", raw(reason)));
  found.push(...ofPartitions(stats, reasons));
  if (dlq?.breaker?.open) found.push(item("bad", "stopped", "The breaker has stopped reading: ", raw(dlq.breaker.reason ?? "too many dead letters"), " ", h("a", { href: "#/partitions" }, "Look, and resume")));
  if (dlq?.count > 0) {
    const codes = Object.entries(dlq.byCode).filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1]);
    const links = codes.flatMap(([code, count], index) => [index > 0 ? ", " : "", h("a", { href: addressOf("dead-letters", null, { code }) }, `${n(count)} ${code}`)]);
    found.push(item("bad", "dead letters", `${plural(dlq.count, "record")} could not be used: `, ...links, ". ", h("a", { href: "#/dead-letters" }, "See why, and what to do")));
  }
  if (dlq && dlq.complete === false) found.push(item("warn", "incomplete", `Not every dead letter is counted: the dead-letter topic has not been read to its end${dlq.asOf ? ` since ${ago(dlq.asOf)} ago` : ""}.`));
  if (cart?.state === "away") found.push(item("warn", "cart-service", `No answer from cart-service at ${known.config?.cartServiceUrl}: is it running there?`));
  if (connection === "lost") found.push(item("bad", "connection", "order-service does not answer this page; all figures are old."));
  return found;
}

/** The card. */
export function attention(signal) {
  const list = h("ul", { class: "plain" });
  let cart = null;
  let drawn = "";
  const draw = perFrame(() => {
    const found = findings({ ...known, cart });
    const all = found.map((one) => h("li", {}, h("span", { class: `badge is-${one.kind}` }, one.label), " ", ...one.text));
    if (all.length === 0) all.push(h("li", { class: "soft" }, known.health ? "Nothing. Everything is as it should be." : "Waiting for the first figures…"));
    // Links keep their focus, and a selection stays, as long as nothing changes.
    const next = all.map((one) => one.textContent).join("\n");
    if (next !== drawn) put(list, all);
    drawn = next;
  });
  for (const topic of ["stats", "dlq", "health", "connection"]) onKnown(topic, draw, signal);
  onKnown("cart", (value) => {
    cart = value;
    draw();
  }, signal);
  return card("Needs attention", { class: "fresh", "data-test": "attention" }, list);
}
