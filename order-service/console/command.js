// A command to run in a terminal, with a button that copies it.

import { announce } from "./bus.js";
import { button, h } from "./dom.js";

/** A command of more characters than this is folded. */
const LONG = 300;

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

/** The command; all of it is there to be copied, also while only its beginning is seen. */
export function command(text) {
  const long = text.length > LONG;
  const pre = h("pre", { class: long ? "box folded" : "box", tabindex: "0", role: "region", "aria-label": "Command", "data-test": "advice-command" }, text);
  const press = button("Copy", async () => {
    press.textContent = await copy(text, pre);
    setTimeout(() => { press.textContent = "Copy"; }, 3_000);
  }, { "data-test": "advice-copy", class: "primary" });
  const more = long && button("Show all", () => {
    const folded = pre.classList.toggle("folded");
    more.textContent = folded ? "Show all" : "Show less";
    more.setAttribute("aria-expanded", String(!folded));
  }, { class: "quiet", "aria-expanded": "false" });
  return [h("p", { class: "small soft" }, "In a terminal:"), h("div", { class: "command" }, pre, h("div", { class: "side" }, press, more))];
}
