// What became of every record that was read, and whether it adds up.

import { onKnown, perFrame } from "./bus.js";
import { card, h, put, say } from "./dom.js";
import { n } from "./format.js";

const KINDS = [
  ["applied", "applied", "changed an order"],
  ["duplicate", "duplicate", "the same event again"],
  ["superseded", "superseded", "lost to another write of the same version, or came too late"],
  ["ignored", "ignored", "has no value (a tombstone): nothing to do"],
  ["deadLettered", "dead-lettered", "could not be used; kept in the dead-letter topic"],
];

/** Other words that the page uses for records. */
const WORDS = [
  ["lag", "how many offsets of the log have not been read yet"],
  ["parked", "a dead letter that was rejected again after its third replay: it is not replayed any more"],
];

/** What an outcome of a record means; null for one that is not known. */
export const meaningOf = (outcome) => KINDS.find(([name]) => name === (outcome === "dead_lettered" ? "deadLettered" : outcome))?.[2] ?? null;

/** Whether the outcomes sum up to the records read, in total and in every partition's share. */
export function check(stats) {
  const sum = (outcomes) => KINDS.reduce((total, [name]) => total + outcomes[name], 0);
  const total = sum(stats.totals);
  const partitions = stats.partitions.reduce((all, partition) => all + sum(partition), 0);
  return { sum: total, partitions, fits: total === stats.records && partitions === stats.records };
}

/** The card. */
export function accounting(signal) {
  const strip = h("div", { class: "sum", "aria-hidden": "true" }, KINDS.map(([name]) => h("span", { class: `c-${name}` })));
  const cells = Object.fromEntries(KINDS.map(([name]) => [name, h("td", { class: "num" }, "–")]));
  const consumed = h("td", { class: "num" });
  const mark = h("span", { class: "badge" });
  const explained = h("p", { class: "small soft" });
  const rows = KINDS.map(([name, label, meaning]) =>
    h("tr", {}, h("th", { scope: "row", title: meaning }, h("span", { class: `dot c-${name}`, "aria-hidden": "true" }), label), cells[name]));
  let stats = null;
  const draw = perFrame(() => {
    const result = check(stats);
    KINDS.forEach(([name], index) => {
      say(cells[name], n(stats.totals[name]));
      const share = stats.records > 0 ? stats.totals[name] / stats.records : 0;
      // What exists is never too thin to be seen.
      strip.children[index].style.flex = `${Math.max(share, 0.008)} 0 0`;
      strip.children[index].hidden = share === 0;
    });
    say(consumed.firstChild, `${n(stats.records)} `);
    say(mark, result.fits ? "✓ adds up" : "✗ does not add up");
    mark.className = `badge ${result.fits ? "is-good" : "is-bad"}`;
    say(explained, result.fits ? "" : `The outcomes sum up to ${n(result.sum)}, those of the partitions to ${n(result.partitions)}. Please report this as a bug.`);
    explained.hidden = result.fits;
  });
  put(consumed, h("span", {}, "– "), mark);
  onKnown("stats", (value) => {
    stats = value;
    draw();
  }, signal);
  const words = h("details", { class: "small" }, h("summary", {}, "What the words mean"),
    h("dl", { class: "facts" }, [...KINDS.map(([, ...word]) => word), ...WORDS].map(([word, meaning]) => [h("dt", {}, word), h("dd", {}, meaning)])));
  return card("Accounting", { class: "fresh", "data-test": "accounting" }, strip,
    h("table", { class: "sums" }, h("caption", { class: "hidden" }, "Records by outcome"), h("tbody", {}, rows, h("tr", { class: "total" }, h("th", { scope: "row" }, "consumed"), consumed))), explained, words);
}
