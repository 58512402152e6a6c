// What a dead letter consists of, and what decoding it says now: steps, bytes, schema, event, headers.

import { h, raw, rawLines, scroller } from "./dom.js";
import { n, plural } from "./format.js";
import { hexDump } from "./hex.js";

const STEPS = { frame: "Frame", schema: "Schema", resolve: "Resolve", decode: "Decode", rules: "Rules" };
const SIGNS = { passed: "✓", failed: "✗", "not reached": "–", unknown: "?" };

/** Text that may break after a dot, because a field's path is one long word. */
function breakable(text) {
  return text.split(/(?<=\w\.)(?=\w)/).map((part, index) => [index > 0 && h("wbr"), raw(part)]);
}

/** The five steps, with the one that failed. */
export function steps(decoding) {
  return h("ol", { class: "steps" }, decoding.steps.map(({ step, state, detail }) =>
    h("li", { class: state, "data-test": `letter-step-${step}`, "data-state": state },
      h("strong", {}, h("span", { "aria-hidden": "true" }, `${SIGNS[state] ?? "?"} `), STEPS[step] ?? step, h("span", { class: "hidden" }, `: ${state}`)),
      h("span", { class: state === "failed" ? null : "soft" }, detail ? breakable(datumBytes(detail)) : state))));
}

function pretty(json) {
  try {
    return JSON.stringify(typeof json === "string" ? JSON.parse(json) : json, null, 2);
  } catch {
    return json;
  }
}

const box = (label, text) => h("pre", { class: "box", tabindex: "0", role: "region", "aria-label": label }, rawLines(text));

/** Bytes of a frame. */
const FRAME = 5;

/** A reason that names a byte says of what: it is counted in the data, which is the value without its frame. */
export const datumBytes = (reason) => reason.replace(/\(at byte (\d+) of (\d+)\)/, "(at byte $1 of $2 of the data)");

/** The bytes with the fault marked. */
export function bytes(letter) {
  const { value, decoding } = letter;
  if (!value) return [h("p", { class: "soft" }, "The record has no value.")];
  const framed = decoding.steps?.find(({ step }) => step === "frame")?.state === "passed" && value.hex.startsWith("00");
  const at = decoding.byte ?? null;
  const where = at === null ? null : framed && at === 1 ? h("p", { class: "small" }, "The mark is at bytes 1 to 4 of the value, counted from 0: the schema id.") : h("p", { class: "small" }, `The mark is at byte ${n(at)} of the value (hexadecimal ${at.toString(16).padStart(4, "0")}), counted from 0${framed && at >= FRAME ? `: byte ${n(at - FRAME)} of the data behind the frame` : ""}`, decoding.field && [", in ", h("code", {}, raw(decoding.field))], ".");
  return [
    where,
    value.size === 0 ? h("p", { class: "soft" }, "The value is empty: it has no bytes at all.") : hexDump(value.hex, at, framed ? FRAME : 0),
    h("p", { class: "small soft" }, `${plural(value.size, "byte")}${framed ? `: ${FRAME} of the frame (a zero byte, then the schema id), and ${n(value.size - FRAME)} of data` : ""}.${value.truncated ? " Only the beginning is shown." : ""}`),
    value.text !== null && value.text !== undefined && h("details", {}, h("summary", {}, "The same as text"), box("The value as text", value.text)),
  ];
}

/** The writer's schema, or what is known in its place. */
export function schema(decoding) {
  const { schema: writer, candidates = [] } = decoding;
  const which = { ours: "the schema that this release writes", other: "another schema than the one that this release writes" };
  return [
    writer && h("details", {}, h("summary", {}, `The writer's schema: id ${n(writer.id)}`, writer.subject && [", ", raw(writer.subject)], writer.version && ` version ${writer.version}`, writer.same && `, ${which[writer.same] ?? writer.same}`), box("The writer's schema", pretty(writer.text))),
    candidates.length > 0 && h("p", {}, `The bytes can be read to their end with ${candidates.map(({ version, id }) => `version ${version} (id ${id})`).join(", ")}: that may be what the writer meant.`),
  ];
}

/** The decoded event. */
export function event(decoding) {
  if (!decoding.event) return [];
  const partial = decoding.steps?.some(({ step, state }) => step === "decode" && state === "failed");
  return [h("details", { open: !partial }, h("summary", {}, partial ? "The event, as far as it could be decoded" : "The decoded event"), box("The decoded event", pretty(decoding.event)))];
}

/** A header's value of more characters than this is folded. */
const LONG = 200;
const TYPES = { text: "text", int32: "number, 4 bytes", int64: "number, 8 bytes", hex: "bytes, hexadecimal", null: "no value" };

/** The headers: the record's own first, then those that were added. */
export function headers(letter) {
  const all = letter.headers ?? [];
  const own = all.filter((header) => !header.added);
  const added = all.filter((header) => header.added);
  const long = (text) => (text.length > LONG ? h("details", {}, h("summary", {}, `${n(text.length)} characters`), raw(text)) : raw(text));
  const row = ({ name, type, value }) => h("tr", {}, h("th", { scope: "row", class: "id name" }, raw(name)),
    h("td", { class: "id" }, value === null ? "–" : long(String(value))), h("td", { class: "soft small narrow-hide nowrap" }, TYPES[type] ?? type));
  const table = (caption, rows) => scroller(caption, h("table", {}, h("caption", { class: "hidden" }, caption), h("tbody", {}, rows.map(row))));
  return [
    own.length > 0 ? table("The record's own headers", own) : h("p", { class: "soft" }, "The record came without headers."),
    added.length > 0 && h("details", {}, h("summary", {}, `${plural(added.length, "header")} that order-service added`), table("Headers that order-service added", added)),
  ];
}
