// The partitions: how far each has been read, why one is not, and how to let it go on.

import { change } from "./api.js";
import { announce, known, onKnown, perFrame } from "./bus.js";
import { button, card, field, h, put, raw, say, scroller } from "./dom.js";
import { ago, n } from "./format.js";
import { trouble } from "./replay.js";

const COLUMNS = ["position", "end", "lag", "applied", "duplicate", "superseded", "ignored", "deadLettered", "gaps"];
const NAMES = { position: "next offset", end: "end offset", deadLettered: "dead-lettered" };

function stateOf(partition) {
  if (partition.paused) return ["paused", "is-warn"];
  if (partition.openTransaction) return ["blocked", "is-warn"];
  if (partition.lag === null) return ["unknown", "is-bad"];
  return ["reading", "is-good"];
}

function why(partition) {
  const { openTransaction: open, lagUnknownSince } = partition;
  const reasons = [];
  if (partition.paused) reasons.push(raw(partition.paused));
  if (open) reasons.push(`Another producer's open transaction begins at offset ${n(open.offset)}${open.since ? `, for ${ago(open.since)}` : ""}: nothing behind it can be read until it is committed or aborted (its producer's transaction.timeout.ms ends it).`);
  if (partition.lag === null) reasons.push(`How far the log goes is unknown${lagUnknownSince ? ` for ${ago(lagUnknownSince)}` : ""}.`);
  return reasons.flatMap((reason, index) => [index > 0 && " ", reason]);
}

/** A row whose cells are kept, so that a selection in it survives new figures. */
function row(partition) {
  const cells = Object.fromEntries(COLUMNS.map((name) => [name, h("td", { class: "num" })]));
  const badge = h("span", { class: "badge" });
  const reason = h("td", {});
  let said = "";
  const draw = (now) => {
    for (const name of COLUMNS) say(cells[name], n(now[name]));
    const [label, kind] = stateOf(now);
    say(badge, label);
    badge.className = `badge ${kind}`;
    const next = JSON.stringify([now.paused, now.openTransaction?.offset, now.lag === null]);
    if (next !== said) put(reason, why(now));
    said = next;
  };
  return { draw, element: h("tr", {}, h("th", { scope: "row" }, `p${partition}`), h("td", {}, badge), COLUMNS.map((name) => cells[name]), reason) };
}

function resumeForm(breaker) {
  const out = h("div", { role: "status" });
  const bound = h("input", { name: "maxDeadLetters", type: "number", min: 1001, max: 2000, placeholder: String(breaker.limit ?? 1000) });
  const press = h("button", { class: "primary", "data-test": "resume" }, `Resume partition ${breaker.partition}`);
  const send = async (event) => {
    event.preventDefault();
    press.disabled = true;
    try {
      const body = { partition: breaker.partition, ...(bound.value && { maxDeadLetters: Number(bound.value) }) };
      const { resumed } = await change("dlq/resume", body, "Resuming lets more records be dead-lettered");
      const text = resumed.length ? `Partition ${resumed.join(", ")} goes on.` : "It was not stopped any more.";
      put(out, text);
      announce(text);
    } catch (problem) {
      put(out, trouble(problem));
    }
    press.disabled = false;
  };
  return h("form", { class: "side", onsubmit: send },
    h("p", {}, h("strong", {}, `Partition ${breaker.partition}: `), `${n(breaker.deadLetters)} of its last ${n(breaker.records)} records were dead-lettered; more than ${n(breaker.limit)} stop it, so that a bad deployment does not drain the topic.`),
    h("p", { class: "soft" }, "First find out what writes these records, and have it stopped. Then resume: once, which begins counting anew, or with a higher bound for this partition (2,000: it is never stopped)."),
    h("div", { class: "row foot-line" }, field("new bound (empty: once)", bound), press), out);
}

function breakers() {
  const body = h("div", { class: "side" });
  const all = card("Breaker", { hidden: true }, body);
  let shown = "";
  const draw = (dlq) => {
    const open = (dlq.breaker?.partitions ?? []).filter((one) => one.open);
    const names = JSON.stringify(open);
    // Nothing that somebody types is taken away while the same partitions are stopped.
    if (names === shown || body.contains(document.activeElement)) return;
    shown = names;
    all.hidden = open.length === 0 && !dlq.breaker?.open;
    put(body, dlq.breaker?.reason && h("p", { class: "trouble mild" }, raw(dlq.breaker.reason)), open.map(resumeForm));
  };
  return { all, draw };
}

/** Renders the place. */
export function partitions(main, _route, signal) {
  const body = h("tbody");
  const note = h("p", { class: "loading" }, "Loading…");
  const reading = h("p", { class: "soft small" });
  const rows = new Map();
  const breaker = breakers();
  const draw = perFrame(() => {
    const { stats } = known;
    note.hidden = stats.partitions.length > 0;
    say(note, "The topic has no partitions yet, or has not been found.");
    say(reading, "Lag counts offsets, so it is an upper bound: markers of transactions have offsets, too. Gaps are applied events that do not follow the version before.");
    for (const partition of stats.partitions) {
      if (!rows.has(partition.partition)) {
        rows.set(partition.partition, row(partition.partition));
        body.append(rows.get(partition.partition).element);
      }
      rows.get(partition.partition).draw(partition);
    }
    if (rows.size > stats.partitions.length) {
      rows.clear();
      body.replaceChildren();
      draw();
    }
  });
  onKnown("stats", draw, signal);
  onKnown("dlq", breaker.draw, signal);
  const head = (name) => h("th", { scope: "col", class: "num" }, NAMES[name] ?? name);
  main.append(h("h1", { tabindex: "-1" }, "Partitions"), breaker.all,
    card("Partitions of the topic", { class: "fresh" }, scroller("Partitions", h("table", {}, h("caption", { class: "hidden" }, "Partitions"), h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "partition"), h("th", { scope: "col" }, "state"), COLUMNS.map(head), h("th", { scope: "col" }, "why"))), body)), note, reading));
}
