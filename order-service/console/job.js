// A replay while it runs: progress, what became of each letter, and a button that stops it.

import { change, get } from "./api.js";
import { announce, on } from "./bus.js";
import { button, h, put, raw, say, scroller } from "./dom.js";
import { OUTCOMES, moment, n, plural } from "./format.js";
import { addressOf } from "./router.js";

const EACH = 1_000;
const SHOWN = 30;
const WORDS = { running: "running", done: "done", stopped: "stopped", failed: "failed" };

/** Outcomes with their counts; those that are zero are left out. */
export function outcomeBadges(outcomes) {
  const found = Object.entries(outcomes ?? {}).filter(([, count]) => count > 0);
  return h("div", { class: "outcomes" }, found.map(([outcome, count]) => {
    const [label, kind] = OUTCOMES[outcome] ?? [outcome, ""];
    return h("span", { class: `badge ${kind}`, "data-outcome": outcome }, `${n(count)} ${label}`);
  }));
}

function message({ id, key, outcome, code, firstCode }) {
  const [label, kind] = OUTCOMES[outcome] ?? [outcome ?? "on its way", ""];
  return h("li", {}, h("a", { class: "id", href: addressOf("dead-letters", id) }, id), " ",
    key !== null && key !== undefined && [h("a", { class: "id", href: addressOf("orders", key) }, raw(key)), " "],
    h("span", { class: `badge ${kind}`, "data-outcome": outcome }, label),
    code && [" as ", h("span", { class: "badge is-bad" }, code), firstCode && firstCode !== code && ` (first ${firstCode})`]);
}

/** Follows a job to its end, then calls `done`. Returns the element that shows it. */
export function followJob(first, signal, done) {
  const title = h("strong", {}, "");
  const bar = h("progress", { max: Math.max(1, first.total ?? 1), value: 0, "aria-label": "Replay" });
  const outcomes = h("div", {});
  const note = h("p", { class: "soft small" });
  const list = h("ul", { class: "plain" });
  const stop = button("Stop", async () => {
    stop.disabled = true;
    try {
      show(await change(`dlq/replays/${first.id}/stop`, {}, "Stopping a replay"));
    } catch (problem) {
      say(note, problem.message);
      stop.disabled = false;
    }
  });
  const element = h("div", { class: "advice", "data-test": "replay-progress", "data-job": first.id },
    h("div", { class: "row spread" }, h("p", {}, title), stop), bar, outcomes, note, list);
  let ended = false;
  function show(job) {
    if (ended || !job) return;
    const settled = Object.values(job.outcomes ?? {}).reduce((sum, count) => sum + count, 0);
    element.dataset.state = job.state;
    say(title, `Replay ${WORDS[job.state] ?? job.state}: ${n(settled)} of ${plural(job.total ?? 0, "letter")} decided, ${n(job.sent)} sent`);
    bar.max = Math.max(1, job.total ?? 1);
    bar.value = job.state === "done" ? bar.max : settled;
    put(outcomes, outcomeBadges(job.outcomes));
    say(note, job.error ?? job.waiting ?? "");
    note.hidden = note.textContent === "";
    if (job.messages) put(list, job.messages.slice(-SHOWN).reverse().map(message));
    if (job.state !== "running") finish();
  }
  function finish() {
    ended = true;
    stop.remove();
    clearInterval(timer);
    announce(`${title.textContent}. ${outcomes.textContent}`);
    done();
  }
  async function poll() {
    if (ended || document.hidden) return;
    try {
      show(await get(`dlq/replays/${first.id}`, {}, signal));
    } catch (problem) {
      if (!signal.aborted && !ended) say(note, `No news of the replay: ${problem.message}`);
    }
  }
  const timer = setInterval(poll, EACH);
  signal.addEventListener("abort", () => clearInterval(timer));
  // The stream is faster than the poll, but does not name single letters; how it ended is read in full.
  on("replay", (job) => {
    if (job.id !== first.id) return;
    if (job.state === "running") show(job);
    else poll();
  }, signal);
  show(first);
  poll();
  return element;
}

/** The list of all replays: who, when, what, how many. Loaded when it is opened. */
export function jobList(signal) {
  const body = h("div", { class: "side" });
  async function load() {
    put(body, h("p", { class: "loading" }, "Loading…"));
    try {
      const answer = await get("dlq/replays", {}, signal);
      const jobs = Array.isArray(answer) ? answer : (answer.replays ?? []);
      if (jobs.length === 0) return put(body, h("p", { class: "empty" }, "No dead letter has been replayed yet."));
      const row = (job) => h("tr", {}, h("td", {}, job.startedAt ? moment(job.startedAt) : "–"), h("td", {}, raw(job.by ?? "–")),
        h("td", {}, h("span", { class: `badge ${{ done: "is-good", failed: "is-bad", running: "is-info" }[job.state] ?? ""}` }, job.state), job.error && [" ", raw(job.error)]),
        h("td", { class: "num" }, n(job.total)), h("td", {}, outcomeBadges(job.outcomes)));
      return put(body, scroller("Replays", h("table", {}, h("caption", { class: "hidden" }, "Replays, newest first"),
        h("thead", {}, h("tr", {}, ["started", "by", "state"].map((name) => h("th", { scope: "col" }, name)), h("th", { scope: "col", class: "num" }, "letters"), h("th", { scope: "col" }, "outcomes"))), h("tbody", {}, jobs.map(row)))));
    } catch (problem) {
      return signal.aborted ? undefined : put(body, h("p", { class: "trouble" }, problem.message));
    }
  }
  const all = h("details", { class: "card" }, h("summary", {}, "Replays so far"), body);
  all.addEventListener("toggle", () => { if (all.open) load(); });
  return all;
}
