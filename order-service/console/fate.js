// What became of a dead letter that is not open any more.

import { age } from "./ages.js";
import { get } from "./api.js";
import { h, raw } from "./dom.js";
import { n } from "./format.js";
import { addressOf } from "./router.js";

/** What its replay says of it, if it was replayed and the replay is still known; else null. */
export async function resultOf(letter, signal) {
  if (letter.state !== "replayed" || !letter.settled?.job) return null;
  try {
    const job = await get(`dlq/replays/${letter.settled.job}`, {}, signal);
    const one = job.messages?.find(({ id }) => id === letter.id);
    return one ? { outcome: one.outcome, code: one.code, reason: one.reason } : null;
  } catch {
    return null;
  }
}

const good = (...content) => h("p", { class: "trouble fine" }, ...content);
const mild = (...content) => h("p", { class: "trouble mild" }, ...content);

function replayed(letter, result, by, when) {
  const { order } = letter;
  const link = order && h("a", { class: "id", href: addressOf("orders", order.orderId) }, raw(order.orderId));
  const others = letter.key !== null && h("a", { href: addressOf("dead-letters", null, { orderId: letter.key, state: "any" }) }, "All dead letters with this key");
  switch (result?.outcome) {
    case "applied": return good("Replayed ", when, by, ", and applied", order ? [": order ", link, ` is at version ${n(order.version)}.`] : ".");
    case "duplicate": return good("Replayed ", when, by, ": its event had been applied already", order ? [" to order ", link, "."] : ".");
    case "superseded": return good("Replayed ", when, by, ": it was superseded by a newer state of its order", order ? [", ", link, "."] : ".");
    case "deadLettered":
    case "parked": return mild("Replayed ", when, by, ", and dead-lettered again", result.code && [" as ", h("span", { class: "badge is-bad" }, result.code)], ": there is a newer dead letter for it. ", others);
    default: return mild("It was replayed ", when, by, ". If its record was rejected again, there is a newer dead letter for it. ", others);
  }
}

/** In a sentence; null for one that still needs something done: the advice says what. */
export function fate(letter, result) {
  const settled = letter.settled;
  const by = settled?.by ? [" by ", raw(settled.by)] : null;
  const when = settled?.at ? age(settled.at, "", " ago") : null;
  if (letter.state === "replayed") return replayed(letter, result, by, when);
  if (letter.state === "discarded") return mild("It was discarded ", when, by, settled?.reason && [": ", raw(settled.reason)]);
  return null;
}
