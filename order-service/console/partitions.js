// The partitions: how far each has been read, why one is not, and how to let it go on.

import { age } from "./ages.js";
import { change } from "./api.js";
import { announce, known, onKnown, perFrame } from "./bus.js";
import { card, field, h, put, raw, say, scroller } from "./dom.js";
import { n } from "./format.js";
import { trouble } from "./replay.js";
import { addressOf } from "./router.js";

const COLUMNS = ["lag", "position", "end", "applied", "duplicate", "superseded", "ignored", "deadLettered", "gaps"];
/** On a narrow screen the others are left out. */
const MAIN = ["lag", "deadLettered"];
const NAMES = { position: "next offset", end: "end offset", deadLettered: "dead-lettered" };
const MEANINGS = {
  lag: "offsets between the next one to read and the end of the log", position: "the offset that is read next", end: "the last stable offset: where the next record goes",
  applied: "events that changed an order", duplicate: "events that came again", superseded: "events that lost to another write of the same version, or came too late",
  ignored: "records without a value (tombstones)", deadLettered: "records that could not be used", gaps: "applied events that do not follow the version before",
};
/** The largest bound there is: with it the partition is never paused. */
const NEVER = 2000;
const USUAL = 1000;

const hidden = (name) => (MAIN.includes(name) ? "" : " narrow-hide");

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
  if (open) reasons.push([`Another producer's open transaction begins at offset ${n(open.offset)}`, open.since && age(open.since, ", for "), ": nothing behind it can be read until it is committed or aborted (its producer's transaction.timeout.ms ends it)."]);
  if (partition.lag === null) reasons.push(["How far the log goes is unknown", lagUnknownSince && age(lagUnknownSince, " for "), "."]);
  return reasons.flatMap((reason, index) => [index > 0 && " ", reason]);
}

/** A row whose cells are kept, so that a selection in it survives new figures; a second one below it says why, if there is something to say. */
function row(partition) {
  const letters = h("a", { href: addressOf("dead-letters", null, { partition: String(partition), state: "any" }) });
  const none = h("span", {}, "0");
  const cells = Object.fromEntries(COLUMNS.map((name) => [name, h("td", { class: `num${hidden(name)}` }, name === "deadLettered" && [none, letters])]));
  const badge = h("span", { class: "badge" });
  const reason = h("td", { colspan: COLUMNS.length + 2, class: "why-paused" });
  const below = h("tr", { hidden: true }, reason);
  let said = "";
  const draw = (now) => {
    for (const name of COLUMNS) {
      if (name !== "deadLettered") say(cells[name], n(now[name]));
    }
    say(letters, n(now.deadLettered));
    letters.hidden = now.deadLettered === 0;
    none.hidden = !letters.hidden;
    const [label, kind] = stateOf(now);
    say(badge, label);
    badge.className = `badge ${kind}`;
    const next = JSON.stringify([now.paused, now.openTransaction?.offset, now.lag === null]);
    if (next === said) return;
    said = next;
    put(reason, why(now));
    below.hidden = reason.textContent === "";
  };
  return { draw, elements: [h("tr", {}, h("th", { scope: "row" }, `p${partition}`), h("td", {}, badge), COLUMNS.map((name) => cells[name])), below] };
}

/** The form that resumes one partition. It stays when that has been done, to say so; `draw` says how things are. */
function resumeForm(partition) {
  const out = h("div", { role: "status" });
  const figures = h("span");
  const limit = h("input", { name: "maxDeadLetters", type: "number", min: USUAL, max: NEVER });
  const press = h("button", { class: "primary", "data-test": "resume" }, `Resume partition ${partition}`);
  const controls = h("div", { class: "row foot-line" }, field("new limit (empty: resume once)", limit), press);
  let busy = false;
  const send = async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    press.setAttribute("aria-disabled", "true");
    try {
      const body = { partition, ...(limit.value && { maxDeadLetters: Number(limit.value) }) };
      const { resumed } = await change("dlq/resume", body, "Resuming lets more records be dead-lettered");
      const text = resumed.length ? `Partition ${resumed.join(", ")} is read again.` : "It was not paused any more.";
      put(out, text);
      announce(text);
    } catch (problem) {
      put(out, trouble(problem));
    }
    busy = false;
    press.removeAttribute("aria-disabled");
  };
  const element = h("form", { class: "side", onsubmit: send },
    h("p", {}, h("strong", {}, `Partition ${partition}: `), figures),
    h("p", { class: "soft" }, `First find out what writes these records, and have it stopped. Then resume: once, which begins counting anew, or with a higher limit for this partition (${n(NEVER)}: it is never paused).`),
    controls, out);
  const draw = (breaker) => {
    limit.placeholder = String(breaker.limit ?? USUAL);
    say(figures, breaker.open
      ? `${n(breaker.deadLetters)} of its last ${n(breaker.records)} records were dead-lettered; more than ${n(breaker.limit)} pause it, so that a bad deployment does not drain the topic.`
      : `reads again; its limit is ${n(breaker.limit)} of ${n(breaker.records)} records.`);
  };
  return { element, draw, said: () => out.firstChild !== null };
}

function breakers() {
  const reason = h("p", { class: "trouble mild" });
  const body = h("div", { class: "side" });
  const all = card("Breaker", { hidden: true }, reason, body);
  const forms = new Map();
  const draw = (dlq) => {
    const partitions = dlq.breaker?.partitions ?? [];
    for (const one of partitions) {
      if (one.open && !forms.has(one.partition)) {
        forms.set(one.partition, resumeForm(one.partition));
        body.append(forms.get(one.partition).element);
      }
      const form = forms.get(one.partition);
      form?.draw(one);
      if (!form || one.open || form.said() || form.element.contains(document.activeElement)) continue;
      form.element.remove();
      forms.delete(one.partition);
    }
    const text = dlq.breaker?.reason ?? "";
    if (reason.textContent !== raw(text).textContent) put(reason, raw(text));
    reason.hidden = !text;
    all.hidden = forms.size === 0 && !dlq.breaker?.open;
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
    say(reading, "Lag counts offsets, so it is an upper bound: markers of transactions have offsets, too. Superseded events lost to another write of the same version, or came too late; ignored records have no value (tombstones); gaps are applied events that do not follow the version before.");
    for (const partition of stats.partitions) {
      if (!rows.has(partition.partition)) {
        rows.set(partition.partition, row(partition.partition));
        body.append(...rows.get(partition.partition).elements);
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
  const head = (name) => h("th", { scope: "col", class: `num${hidden(name)}`, title: MEANINGS[name] }, NAMES[name] ?? name);
  main.append(h("h1", { tabindex: "-1" }, "Partitions"), breaker.all,
    card("Partitions of the topic", { class: "fresh" }, scroller("Partitions", h("table", {}, h("caption", { class: "hidden" }, "Partitions"), h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "partition"), h("th", { scope: "col" }, "state"), COLUMNS.map(head))), body)), note, reading));
}
