// Ages that go on by themselves: "12 s ago" is "13 s ago" a second later, wherever it stands.

import { h, say } from "./dom.js";
import { ago, moment } from "./format.js";

const time = (text) => (/^\d+$/.test(text) ? Number(text) : text);
const words = (element, now) => `${element.dataset.before ?? ""}${ago(time(element.dataset.at), now)}${element.dataset.after ?? ""}`;

/** How long ago a time was, between two texts: `age(time, "", " ago")`. Goes on for as long as it is on the page. */
export function age(at, before = "", after = "") {
  const element = h("span", { class: "age", "data-at": String(at), "data-before": before, "data-after": after, title: moment(at) });
  element.textContent = words(element);
  return element;
}

/** Renews all of them, except where somebody selects text. */
function renew() {
  if (document.hidden) return;
  const now = Date.now();
  const selection = getSelection();
  for (const element of document.querySelectorAll(".age[data-at]")) {
    if (selection.isCollapsed || !selection.containsNode(element, true)) say(element, words(element, now));
  }
}

/** Begins to renew them. */
export function keepAges() {
  setInterval(renew, 1_000);
}
