// A replay while it runs: progress, what became of each dead letter, and a button that stops it.

import { change, get } from "./api.js";
import { announce, on } from "./bus.js";
import { button, h, put, raw, say } from "./dom.js";
import { datumBytes } from "./evidence.js";
import { OUTCOMES, n, plural } from "./format.js";
import { addressOf } from "./router.js";

const EACH = 1_000;
const SHOWN = 30;

/** Outcomes with their counts; those that are zero are left out. */
export function outcomeBadges(outcomes) {
  const found = Object.entries(outcomes ?? {}).filter(([, count]) => count > 0);
  return h("div", { class: "outcomes" }, found.map(([outcome, count]) => {
    const [label, kind] = OUTCOMES[outcome] ?? [outcome, ""];
    return h("span", { class: `badge ${kind}`, "data-outcome": outcome }, `${n(count)} ${label}`);
  }));
}

function message({ id, key, outcome, code, firstCode, reason, offset }) {
  const [label, kind] = OUTCOMES[outcome] ?? [outcome ?? "on its way", ""];
  // Of what was not sent, the code is an old one and says nothing about this replay.
  const sent = offset !== null && offset !== undefined;
  return h("li", {}, h("a", { class: "id", href: addressOf("dead-letters", id) }, id), " ",
    key !== null && key !== undefined && [h("a", { class: "id", href: addressOf("orders", key) }, raw(key)), " "],
    h("span", { class: `badge ${kind}`, "data-outcome": outcome }, label),
    sent && code && [" as ", h("span", { class: "badge is-bad" }, code), firstCode && firstCode !== code && ` (first rejected as ${firstCode})`],
    reason && [": ", raw(datumBytes(reason))]);
}

/** Follows a replay to its end, then calls `done`. Returns the element that shows it. */
export function followJob(first, signal, done) {
  const title = h("strong", {}, "");
  const bar = h("progress", { max: Math.max(1, first.total ?? 1), value: 0, "aria-label": "Replay" });
  const outcomes = h("div", {});
  const note = h("p", { class: "soft small" });
  const list = h("ul", { class: "plain" });
  const last = h("p", { class: "soft small", hidden: true });
  const stop = button("Stop", async () => {
    if (stop.getAttribute("aria-disabled")) return;
    stop.setAttribute("aria-disabled", "true");
    try {
      show(await change(`dlq/replays/${first.id}/stop`, {}, "Stopping a replay"));
    } catch (problem) {
      note.hidden = false;
      say(note, problem.message);
      stop.removeAttribute("aria-disabled");
    }
  });
  const element = h("div", { class: "advice", tabindex: "-1", "data-test": "replay-progress", "data-job": first.id },
    h("div", { class: "row spread" }, h("p", {}, title), stop), bar, outcomes, note, list, last);
  let ended = false;
  let messages = "";
  const startedEnded = first.state !== "running";
  function show(job) {
    if (ended || !job) return;
    const settled = Object.values(job.outcomes ?? {}).reduce((sum, count) => sum + count, 0);
    element.dataset.state = job.state;
    say(title, `Replay ${job.state}: ${n(settled)} of ${plural(job.total ?? 0, "dead letter")} decided, ${n(job.sent)} sent`);
    bar.max = Math.max(1, job.total ?? 1);
    bar.value = job.state === "done" ? bar.max : settled;
    const badges = outcomeBadges(job.outcomes);
    if (badges.textContent !== outcomes.textContent) put(outcomes, badges);
    say(note, job.error ?? job.waiting ?? "");
    note.hidden = note.textContent === "";
    const now = JSON.stringify(job.messages ?? null);
    if (job.messages && now !== messages) {
      messages = now;
      put(list, job.messages.slice(-SHOWN).reverse().map(message));
      last.hidden = settled <= SHOWN;
      say(last, `The last ${Math.min(SHOWN, job.messages.length)} are shown.`);
    }
    if (job.state !== "running" && (job.messages || settled === 0)) finish();
  }
  function finish() {
    ended = true;
    clearInterval(timer);
    // The focus must not fall back to the top of the page.
    if (document.activeElement === stop) element.focus({ preventScroll: true });
    stop.remove();
    if (!startedEnded) announce(`${title.textContent}. ${outcomes.textContent}`);
    done();
  }
  async function poll() {
    if (ended || document.hidden) return;
    try {
      show(await get(`dlq/replays/${first.id}`, {}, signal));
    } catch (problem) {
      if (signal.aborted || ended) return;
      note.hidden = false;
      say(note, `No news of the replay: ${problem.message}`);
    }
  }
  const timer = setInterval(poll, EACH);
  signal.addEventListener("abort", () => clearInterval(timer));
  // The stream is faster than the poll, but does not name single dead letters; how it ended is read in full.
  on("replay", (job) => {
    if (job.id !== first.id) return;
    if (job.state === "running") show(job);
    else poll();
  }, signal);
  show(first);
  poll();
  return element;
}
