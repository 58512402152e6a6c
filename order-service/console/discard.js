// Asks for the reason why dead letters are discarded, and discards them.

import { change } from "./api.js";
import { button, field, h, put } from "./dom.js";
import { plural } from "./format.js";

const LONGEST = 500;

/** Resolves with how many were discarded, or null if nobody wanted to in the end. */
export function discard(selection, count) {
  return new Promise((resolve, reject) => {
    const reason = h("textarea", { name: "reason", rows: 3, maxlength: LONGEST, required: true, "data-test": "discard-reason" });
    const what = count === null || count === undefined ? "all letters of this filter" : plural(count, "dead letter");
    const confirm = h("button", { class: "primary", "data-test": "discard-confirm" }, "Discard");
    const form = h("form", { method: "dialog" }, h("h3", { id: "discard-title" }, `Discard ${what}`),
      h("p", {}, "Discarded letters leave the list and the counts, and are never replayed. They stay in the dead-letter topic, with your reason."),
      field("Why (others will read this)", reason), h("div", { class: "row" }, confirm, button("Cancel", () => dialog.close())));
    const dialog = h("dialog", { "aria-labelledby": "discard-title" }, form);
    let answer = null;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      confirm.disabled = true;
      put(confirm, "Discarding…");
      // The key may be asked for on top; a failure is shown where the button is.
      const sent = change("dlq/discard", { ...selection, reason: reason.value.trim() }, "Discarding takes letters out of the list");
      sent.then(({ discarded }) => { answer = discarded; }, reject).finally(() => dialog.close());
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(answer);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
