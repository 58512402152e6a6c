// One dead letter explains itself: why, what to do, and what a replay would do.

import { get } from "./api.js";
import { announce, on } from "./bus.js";
import { add, button, h, put, raw } from "./dom.js";
import { bytes, event, headers, schema, steps } from "./evidence.js";
import { ago, moment, n } from "./format.js";
import { actions } from "./replay.js";
import { addressOf } from "./router.js";

const STATES = { replayed: ["replayed", "is-good"], discarded: ["discarded", ""], parked: ["parked", "is-warn"] };

async function copy(text, pre) {
  try {
    await navigator.clipboard.writeText(text);
    announce("Copied");
    return "Copied";
  } catch {
    getSelection().selectAllChildren(pre);
    return "Selected: copy it with Ctrl-C";
  }
}

/** A command with a button that copies it. */
export function command(text) {
  const pre = h("pre", { class: "box", tabindex: "0", role: "region", "aria-label": "Command", "data-test": "advice-command" }, text);
  const press = button("Copy", async () => {
    press.textContent = await copy(text, pre);
    setTimeout(() => { press.textContent = "Copy"; }, 3_000);
  }, { "data-test": "advice-copy" });
  return h("div", { class: "command" }, pre, press);
}

function origin(letter) {
  const from = letter.origin;
  const parts = [
    from && [`from ${raw(from.topic).textContent}, partition ${from.partition}, offset ${n(from.offset)}`],
    letter.timestamp && `${ago(letter.timestamp)} ago`,
    letter.replays === 0 ? "never replayed" : `replayed ${letter.replays === 1 ? "once" : `${letter.replays} times`}`,
  ];
  return h("p", { class: "soft", title: letter.timestamp ? moment(letter.timestamp) : null }, parts.filter(Boolean).flatMap((part, index) => [index > 0 && " · ", part]));
}

function fate(letter) {
  const settled = letter.settled;
  const by = settled?.by && [" by ", raw(settled.by)];
  const when = settled?.at && ` ${ago(settled.at)} ago (${moment(settled.at)})`;
  if (letter.state === "replayed") return h("p", { class: "trouble mild" }, "It was replayed", when, by, ". If its record was rejected again, there is a newer letter for it.");
  if (letter.state === "discarded") return h("p", { class: "trouble mild" }, "It was discarded", when, by, settled?.reason && [": ", raw(settled.reason)]);
  if (letter.state === "parked") return h("p", { class: "trouble mild" }, "It is parked: replayed three times and rejected each time, so it is never replayed again. Discard it once it is no longer needed.");
  return null;
}

function orderLine(order, isOpen) {
  if (!order) return null;
  const link = h("a", { class: "id", href: addressOf("orders", order.orderId) }, raw(order.orderId));
  if (order.version === null || order.version === undefined) return h("p", {}, "There is no order ", link, " yet.");
  return h("p", {}, "Order ", link, ` is at version ${n(order.version)}`, !isOpen ? "." : order.healed ? ". A later event has healed it: nothing is missing there." : ". No later event has healed it.");
}

function part(title, ...content) {
  const shown = content.flat(Infinity).filter(Boolean);
  return shown.length ? [h("h3", {}, title), ...shown] : null;
}

function show(letter, panel) {
  const { decoding, advice } = letter;
  const [stateLabel, stateKind] = STATES[letter.state] ?? [];
  const code = letter.code ?? "not ours";
  const isOpen = letter.state === "open" || letter.state === "parked";
  return [
    h("div", { class: "row" }, h("span", { class: "badge is-bad" }, code), letter.firstCode && letter.firstCode !== letter.code && h("span", { class: "soft small" }, `first ${letter.firstCode}`),
      letter.key === null ? h("span", { class: "soft" }, "no key") : h("strong", { class: "id" }, raw(letter.key)), stateLabel && h("span", { class: `badge ${stateKind}` }, stateLabel)),
    origin(letter), fate(letter),
    h("p", { class: "why" }, decoding?.sentence ? raw(decoding.sentence) : raw(letter.reason ?? "Another program wrote this record to the dead-letter topic; nothing says why.")),
    decoding?.sentence && letter.reason && decoding.code !== letter.code && h("p", { class: "soft small" }, "When it was dead-lettered: ", raw(letter.reason)),
    isOpen && advice?.sentence && h("div", { class: "advice" }, h("h3", {}, "What to do"), h("p", {}, raw(advice.sentence)), advice.command && command(advice.command)),
    panel, orderLine(letter.order, isOpen),
    decoding?.steps && part("Decoding it now", steps(decoding), schema(decoding)),
    decoding && part("Bytes", bytes(letter)),
    decoding && part("Event", event(decoding)),
    part("Headers", headers(letter)),
  ];
}

/** The card of a dead letter; `settled` is called when it was replayed or discarded. */
export function letter(id, backTo, signal, settled) {
  const title = h("h2", { id: "letter-title", tabindex: "-1" }, `Dead letter ${id}`);
  const body = h("div", { class: "side" }, h("p", { class: "loading", role: "status" }, "Loading…"));
  const card = h("section", { class: "card", "aria-labelledby": "letter-title", "data-test": "letter-detail", "data-id": id },
    h("div", { class: "row spread" }, title, h("a", { href: backTo }, "Close")), body);
  let panel = null;
  async function load() {
    try {
      const found = await get(`dlq/messages/${id.replace("-", "/")}`, {}, signal);
      panel ??= actions({
        selection: () => ({ ids: [id] }), count: () => 1, signal,
        done: () => { load(); settled(); },
        // What decoding says may have changed with it.
        looked: load,
      });
      panel.allow({ replay: found.state === "open", discard: found.state === "open" || found.state === "parked" });
      put(body, show(found, panel.element));
    } catch (problem) {
      if (signal.aborted) return;
      const why = problem.status === 404 ? "There is no dead letter with this id. It may have been deleted from the topic." : problem.message;
      put(body, h("p", { class: "trouble", role: "alert" }, why), h("div", {}, button("Try again", load)));
    }
  }
  on("reconnected", load, signal);
  load();
  return add(card);
}
