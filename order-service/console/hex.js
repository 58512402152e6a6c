// The bytes of a value in hexadecimal, with the faulty one marked, and as text.

import { h } from "./dom.js";

/** Lines that are shown at the beginning, around the fault and at the end of a long value. */
const AROUND = 4;
const SHORT = 24;

const printable = (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·");

function line(bytes, start, width, fault, frame) {
  // An id is at fault with all of its four bytes.
  const faulty = (index) => index === fault || (frame > 0 && fault === 1 && index > fault && index < frame);
  const cells = [];
  const texts = [];
  for (let index = start; index < start + width; index += 1) {
    if (index > start) cells.push(" ");
    if (index >= bytes.length) {
      // The data ends where a byte was expected.
      if (index === bytes.length && fault === index) {
        cells.push(h("mark", { "data-test": "fault-byte" }, "··"));
        texts.push(h("mark", {}, "◀"), h("span", { class: "note" }, " the data ends here"));
      } else {
        cells.push("  ");
      }
      continue;
    }
    const hex = bytes[index].toString(16).padStart(2, "0");
    const text = printable(bytes[index]);
    if (faulty(index)) {
      cells.push(h("mark", index === fault ? { "data-test": "fault-byte" } : null, hex));
      texts.push(h("mark", {}, text));
    } else {
      cells.push(index < frame ? h("span", { class: "frame" }, hex) : hex);
      texts.push(text);
    }
  }
  return [h("span", { class: "at" }, start.toString(16).padStart(4, "0")), "  ", ...cells, "  ", ...texts, "\n"];
}

/** Which lines are shown: all, or those at both ends and around the fault, in order. */
function chosen(count, faultLine, all) {
  const numbers = [...Array(count).keys()];
  if (all || count <= SHORT) return numbers;
  return numbers.filter((number) => number < AROUND || number >= count - 2 || (faultLine !== null && Math.abs(number - faultLine) <= AROUND));
}

/** The dump. `fault` is the offset of the faulty byte, `frame` how many bytes the frame has. */
export function hexDump(hex, fault, frame) {
  const bytes = Uint8Array.from({ length: hex.length / 2 }, (_, index) => parseInt(hex.slice(index * 2, index * 2 + 2), 16));
  const width = matchMedia("(max-width: 46rem)").matches ? 8 : 16;
  const count = Math.max(1, Math.ceil((bytes.length + (fault === bytes.length ? 1 : 0)) / width));
  const pre = h("pre", { class: "box hex", tabindex: "0", role: "region", "aria-label": "The value's bytes in hexadecimal" });
  const faultLine = fault === null ? null : Math.floor(fault / width);
  function draw(all) {
    pre.replaceChildren();
    let next = 0;
    for (const number of chosen(count, faultLine, all)) {
      if (number !== next) pre.append(h("span", { class: "at" }, `…     ${(number - next) * width} bytes more\n`));
      pre.append(...line(bytes, number * width, width, fault, frame));
      next = number + 1;
    }
  }
  draw(false);
  const isShort = count <= SHORT;
  const more = isShort ? null : h("button", { type: "button", class: "quiet", onclick: () => { draw(true); more.remove(); } }, "Show all bytes");
  return [pre, more];
}
