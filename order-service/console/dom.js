// Builds elements. Text only ever becomes a text node, so that nothing from a record can become markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  add(element, ...children);
  return element;
}

/** Appends nodes and texts; leaves out null, undefined and false. */
export function add(element, ...children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

/** An HTML element: `h("a", {href: "#", onclick: f}, "text", child)`. */
export const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);

/** An SVG element. */
export const s = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

/** Gives an element these children in place of those that it has. */
export function put(element, ...children) {
  element.replaceChildren();
  return add(element, ...children);
}

/** The same where the focus may be: it goes to the link, field or button that stands for the same as before. */
export function renew(element, ...children) {
  const focused = element.contains(document.activeElement) && document.activeElement !== element ? document.activeElement : null;
  const name = ["href", "data-test", "name", "aria-label"].find((one) => focused?.hasAttribute(one));
  const value = focused?.getAttribute(name);
  put(element, ...children);
  if (name) [...element.querySelectorAll(`[${name}]`)].find((one) => one.getAttribute(name) === value)?.focus({ preventScroll: true });
  return element;
}

/** Sets a text only if it is another one: nothing is announced or laid out again for nothing. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const NAMES = {
  0x200b: "zero width space", 0x200c: "zero width non-joiner", 0x200d: "zero width joiner", 0x200e: "left-to-right mark",
  0x200f: "right-to-left mark", 0x2028: "line separator", 0x2029: "paragraph separator", 0x202a: "left-to-right embedding",
  0x202b: "right-to-left embedding", 0x202c: "pop directional formatting", 0x202d: "left-to-right override",
  0x202e: "right-to-left override", 0x2066: "left-to-right isolate", 0x2067: "right-to-left isolate",
  0x2068: "first strong isolate", 0x2069: "pop directional isolate", 0x61c: "Arabic letter mark", 0xfeff: "byte order mark",
};
// Control characters, and those that change the order of others or cannot be seen: also the fillers of Hangul, tags and selectors.
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e0fff}]/gu;

/** Text from a record: isolated from the text around it, with characters that hide or reorder text made visible. */
export function raw(value, attributes) {
  const text = value === null || value === undefined ? "" : String(value);
  const element = h("bdi", attributes);
  let from = 0;
  for (const match of text.matchAll(HIDDEN)) {
    element.append(text.slice(from, match.index));
    const code = match[0].codePointAt(0);
    const name = `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
    element.append(h("span", { class: "control", title: NAMES[code] ?? (code < 0xa0 ? "control character" : "invisible character") }, name));
    from = match.index + match[0].length;
  }
  element.append(text.slice(from));
  return element;
}

/** The same for a text of several lines, which keeps its line breaks and tabs. */
export function rawLines(value) {
  const nodes = [];
  String(value ?? "").split("\n").forEach((line, index) => {
    if (index > 0) nodes.push("\n");
    line.split("\t").forEach((part, tab) => nodes.push(tab > 0 ? "\t" : "", raw(part)));
  });
  return nodes;
}

/** A button. */
export function button(text, onclick, attributes) {
  return h("button", { type: "button", onclick, ...attributes }, text);
}

/** A label with its control below it. */
export const field = (label, control) => h("label", { class: "field" }, label, control);

/** What may be wider than the screen: it scrolls by itself, also by keyboard. */
export const scroller = (label, ...children) => h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, ...children);

/** A card with a heading; `attributes` may have a class of its own. */
export function card(title, attributes, ...children) {
  const id = `card-${title.toLowerCase().replace(/[^a-z0-9]+/g, "-")}`;
  const classes = ["card", attributes?.class].filter(Boolean).join(" ");
  return h("section", { ...attributes, class: classes, "aria-labelledby": id }, h("h2", { id }, title), ...children);
}
