// Asks for the reason why dead letters are discarded, and discards them.

import { change } from "./api.js";
import { button, field, h, put } from "./dom.js";
import { plural } from "./format.js";

const LONGEST = 500;

/**
 * Resolves with how many were discarded, or null if nobody wanted to in the end. `what` names them. After a failure the dialog stays,
 * with what was typed.
 */
export function discard(selection, count, what) {
  return new Promise((resolve) => {
    const reason = h("textarea", { name: "reason", rows: 3, maxlength: LONGEST, required: true, "data-test": "discard-reason" });
    const failed = h("p", { class: "trouble", role: "alert", hidden: true });
    const confirm = h("button", { class: "primary", "data-test": "discard-confirm" }, "Discard");
    const form = h("form", { method: "dialog" }, h("h3", { id: "discard-title" }, `Discard ${what ?? plural(count, "dead letter")}`),
      h("p", {}, "Discarded dead letters leave the list and the counts, and are never replayed. They stay in the dead-letter topic, with your reason."),
      field("Why (others will read this)", reason), failed, h("div", { class: "row" }, confirm, button("Cancel", () => dialog.close())));
    const dialog = h("dialog", { "aria-labelledby": "discard-title" }, form);
    let answer = null;
    let busy = false;
    // Spaces are no reason, either.
    reason.addEventListener("input", () => reason.setCustomValidity(reason.value.trim() ? "" : "Write why, in a few words."));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (busy) return;
      busy = true;
      failed.hidden = true;
      put(confirm, "Discarding…");
      try {
        // The key may be asked for on top.
        const { discarded } = await change("dlq/discard", { ...selection, reason: reason.value.trim() }, "Discarding takes dead letters out of the list");
        answer = discarded;
        dialog.close();
      } catch (problem) {
        failed.hidden = false;
        put(failed, problem.message);
        put(confirm, "Discard");
      }
      busy = false;
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(answer);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
