// The administrator's key: asked for when the service wants it, kept for this tab only.

import { button, field, h } from "./dom.js";
import { tell } from "./bus.js";

const NAME = "orderlog.admin-key";

/** The key, if one was given in this tab. */
export const storedKey = () => sessionStorage.getItem(NAME);

/** Forgets the key. */
export function forgetKey() {
  sessionStorage.removeItem(NAME);
  tell("key", false);
}

/** Asks for the key. Resolves with whether one was given. */
export function askForKey(question, refused) {
  return new Promise((resolve) => {
    const input = h("input", { type: "password", name: "key", required: true, autocomplete: "off", "data-test": "admin-key" });
    const form = h("form", { method: "dialog" },
      h("h3", { id: "key-title" }, "The administrator's key"),
      refused && h("p", { class: "trouble", role: "alert" }, "The service did not accept that key."),
      h("p", {}, `${question ?? "This changes something"}, so order-service asks for its ADMIN_API_KEY. It is kept in this tab until you close it.`),
      field("ADMIN_API_KEY", input),
      h("div", { class: "row" }, h("button", { class: "primary" }, "Continue"), button("Cancel", () => dialog.close("cancel"))));
    let given = false;
    const dialog = h("dialog", { "aria-labelledby": "key-title" }, form);
    form.addEventListener("submit", () => {
      given = input.value.trim() !== "";
      if (given) sessionStorage.setItem(NAME, input.value.trim());
      tell("key", storedKey() !== null);
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(given);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
