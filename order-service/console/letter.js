// One dead letter explains itself: why, what to do, and what a replay would do.

import { age } from "./ages.js";
import { get } from "./api.js";
import { announce, on } from "./bus.js";
import { button, h, put, raw } from "./dom.js";
import { bytes, datumBytes, event, headers, schema, steps } from "./evidence.js";
import { n } from "./format.js";
import { command } from "./command.js";
import { fate, resultOf } from "./fate.js";
import { actions } from "./replay.js";
import { addressOf } from "./router.js";

const STATES = { replayed: ["replayed", "is-good"], discarded: ["discarded", ""], parked: ["parked", "is-warn"] };
/** How often a dead letter is read again whose schema somebody may be about to register, in ms. */
const AGAIN = 4_000;

function origin(letter) {
  const from = letter.origin;
  const parts = [
    from && [`from ${raw(from.topic).textContent}, partition ${from.partition}, offset ${n(from.offset)}`],
    letter.timestamp && age(letter.timestamp, "", " ago"),
    letter.replays > 0 ? `replayed ${letter.replays === 1 ? "once" : `${letter.replays} times`} before` : letter.state === "open" && "not replayed so far",
  ];
  return h("p", { class: "soft" }, parts.filter(Boolean).flatMap((part, index) => [index > 0 && " · ", part]));
}

function orderLine({ order, state }) {
  if (!order) return null;
  const link = h("a", { class: "id", href: addressOf("orders", order.orderId) }, raw(order.orderId));
  if (order.version === null || order.version === undefined) return h("p", {}, "There is no order ", link, " yet.");
  const unsettled = state === "open" || state === "parked";
  return h("p", {}, "Order ", link, ` is at version ${n(order.version)}`, !unsettled ? "." : order.healed ? ". A later event has healed it: nothing is missing there." : ". The order still lacks this event.");
}

/** The parts of the card, each with what it is made of: only those are made anew whose stuff has changed. */
function parts(letter, result) {
  const { decoding, advice, state } = letter;
  const isOpen = state === "open" || state === "parked";
  const [stateLabel, stateKind] = STATES[state] ?? [];
  const code = letter.code ?? "not ours";
  const head = [letter.id, letter.key, letter.code, letter.firstCode, state, letter.settled, result];
  return [
    [[...head, letter.order], () => [
      h("div", { class: "row" }, h("span", { class: "badge is-bad" }, code), letter.firstCode && letter.firstCode !== letter.code && h("span", { class: "soft small" }, `first rejected as ${letter.firstCode}`),
        letter.key === null ? h("span", { class: "soft" }, "no key") : h("strong", { class: "id" }, raw(letter.key)), stateLabel && h("span", { class: `badge ${stateKind}` }, stateLabel)),
      origin(letter), fate(letter, result)]],
    [[decoding?.sentence, letter.reason, decoding?.code], () => [
      h("p", { class: "why" }, decoding?.sentence ? raw(decoding.sentence) : raw(letter.reason ?? "Another program wrote this record to the dead-letter topic; nothing says why.")),
      decoding?.sentence && letter.reason && decoding.code !== letter.code && h("p", { class: "soft small" }, "When it was dead-lettered: ", raw(datumBytes(letter.reason)))]],
    [[isOpen && advice], () => isOpen && advice?.sentence && h("div", { class: "advice" }, h("h3", {}, "What to do"), h("p", {}, raw(advice.sentence)), advice.command && command(advice.command))],
    "panel",
    // What became of a replay names the order already.
    [[letter.order, state, result], () => result?.outcome !== "applied" && orderLine(letter)],
    [[decoding?.steps], () => decoding?.steps && [h("h3", {}, "Decoding it now"), steps(decoding)]],
    [[decoding?.schema, decoding?.candidates], () => decoding && schema(decoding)],
    [[letter.value, decoding?.byte, decoding?.field], () => decoding && [h("h3", {}, "Bytes"), bytes(letter)]],
    [[decoding?.event], () => decoding?.event && [h("h3", {}, "Event"), event(decoding)]],
    [[letter.headers], () => [h("h3", {}, "Headers"), headers(letter)]],
  ];
}

/** Which button is the one to press. */
function best({ decoding, order, advice, state }) {
  if (state === "parked") return "discard";
  if (advice?.command) return "none";
  if (!decoding?.code) return order?.healed ? "discard" : "replay";
  return ["unknown_schema_id", "illegal_transition"].includes(decoding.code) && !order?.healed ? "dry" : "discard";
}

/** The card of a dead letter; `settled` is called when it was replayed or discarded. */
export function letter(id, backTo, signal, settled) {
  const title = h("h2", { id: "letter-title", tabindex: "-1" }, `Dead letter ${id}`);
  const body = h("div", { class: "side" }, h("p", { class: "loading", role: "status" }, "Loading…"));
  const card = h("section", { class: "card", "aria-labelledby": "letter-title", "data-test": "letter-detail", "data-id": id },
    h("div", { class: "row spread" }, title, h("a", { href: backTo }, "Close")), body);
  const panel = actions({
    selection: () => ({ ids: [id] }), count: () => 1, signal,
    done: () => { load(); settled(); },
    // What decoding says may have changed with it.
    looked: () => load(),
  });
  let found = null;
  let shown = null;
  function show(result) {
    const all = parts(found, result);
    if (shown === null) {
      shown = all.map((part) => ({ made: "", element: part === "panel" ? panel.element : h("div", { class: "side" }) }));
      put(body, shown.map(({ element }) => element));
    }
    all.forEach((part, index) => {
      if (part === "panel") return;
      const [stuff, make] = part;
      const made = JSON.stringify(stuff);
      const known = shown[index];
      if (known.made === made) return;
      known.made = made;
      put(known.element, make());
      known.element.hidden = known.element.childElementCount === 0;
    });
    const { state, settled: mark } = found;
    const why = { replayed: "It was replayed already.", discarded: "It was discarded.", parked: "It was replayed three times, and is not replayed any more." }[state] ?? "";
    panel.allow({ replay: state === "open" && found.code !== null, discard: state === "open" || state === "parked", why: why || "No service of ours wrote it, so it is not replayed." }, mark ? "none" : best(found));
  }
  let number = 0;
  async function load() {
    const mine = (number += 1);
    try {
      const next = await get(`dlq/messages/${id.replace("-", "/")}`, {}, signal);
      const result = await resultOf(next, signal);
      // A later one may have been faster.
      if (mine !== number) return;
      const was = found?.decoding?.code;
      found = next;
      show(result);
      if (was && was !== next.decoding?.code && next.state === "open") announce(next.decoding.sentence);
    } catch (problem) {
      if (signal.aborted || mine !== number) return;
      // What is shown stays; it is read again when the connection is back.
      if (shown !== null && problem.status !== 404) return;
      shown = null;
      const why = problem.status === 404 ? "There is no dead letter with this id. It may have been deleted from the topic." : problem.message;
      put(body, h("p", { class: "trouble", role: "alert" }, why), h("div", {}, button("Try again", load)));
    }
  }
  // Whoever registers the schema elsewhere sees here that it helps.
  const waits = () => found?.state === "open" && found.decoding?.code === "unknown_schema_id" && !document.hidden;
  const timer = setInterval(() => { if (waits()) load(); }, AGAIN);
  addEventListener("focus", () => { if (waits()) load(); }, { signal });
  signal.addEventListener("abort", () => clearInterval(timer));
  on("reconnected", () => load(), signal);
  // Somebody else may have settled it.
  let counts = "";
  on("dlq", ({ byState }) => {
    const now = JSON.stringify(byState);
    if (counts !== "" && counts !== now && found !== null) load();
    counts = now;
  }, signal);
  load();
  return card;
}
