// What one can do about dead letters: dry run first, then replay; or discard. For one, several, or a whole filter.

import { change } from "./api.js";
import { announce } from "./bus.js";
import { button, h, put, raw, say } from "./dom.js";
import { discard } from "./discard.js";
import { datumBytes } from "./evidence.js";
import { OUTCOMES, n, plural } from "./format.js";
import { followJob, outcomeBadges } from "./job.js";

/** The problem as an alert, with what to do about it. */
export function trouble(problem) {
  const hint = problem.type?.endsWith("admin-loopback-only") ? " Set ADMIN_API_KEY for order-service, or open this page on the machine that it runs on." : "";
  return h("p", { class: "trouble", role: "alert" }, problem.message, hint);
}

const MANY = 20;
/** How often, and after how many ms each, a dry run is repeated that failed for want of a schema. */
const AGAIN = 4;
const AGAIN_AFTER = 2_500;

const isUnknown = (result) => result.messages.some(({ code }) => code === "unknown_schema_id");

function line({ id, key, outcome, code, reason }, many) {
  const [label, kind] = OUTCOMES[outcome] ?? [outcome, ""];
  return h("li", {}, many && [h("a", { class: "id", href: `#/dead-letters/${id}` }, id), " ", key !== null && h("span", { class: "id" }, raw(key)), " "],
    h("span", { class: `badge ${kind}`, "data-outcome": outcome }, label), code && [" as ", h("span", { class: "badge is-bad" }, code)], reason && [": ", raw(datumBytes(reason))]);
}

function dryRunResult(result) {
  const some = result.examined < result.total ? ` Of ${n(result.total)}, the first ${n(result.examined)} were examined.` : "";
  const many = result.total !== 1;
  // Those without a code would not even be sent.
  const again = result.messages.some(({ outcome, code }) => outcome === "wouldFail" && code);
  return [
    h("p", {}, h("strong", {}, "Dry run: "), many ? `${plural(result.examined, "dead letter")} examined, nothing was written.${some}` : "nothing was written. What a replay would do now: "),
    many && outcomeBadges(result.byOutcome),
    h("ul", { class: "plain" }, result.messages.slice(0, MANY).map((message) => line(message, many))),
    result.messages.length > MANY && h("p", { class: "soft small" }, `and ${n(result.messages.length - MANY)} more`),
    result.total === 0 && h("p", {}, "None of these dead letters is open any more, so there is nothing to replay."),
    isUnknown(result) && h("p", { class: "soft small" }, "Have you just registered the schema? The page looks again by itself for some seconds."),
    again && h("p", { class: "soft small" }, "Repair the cause first: replaying what would fail uses up one of its three replays."),
  ];
}

/** Makes a button one that does nothing for now, and says why. It keeps the focus, unlike one that is disabled. */
function allowed(press, yes, why) {
  if (yes) press.removeAttribute("aria-disabled");
  else press.setAttribute("aria-disabled", "true");
  press.title = yes ? "" : why;
}

/**
 * The buttons and what comes of them. `selection()` is the body that names the dead letters, or null; `count()` how many they are, if
 * that is known, and `what()` what they are called when they are discarded; `done()` is called when some were replayed or discarded,
 * `looked()` after a dry run.
 */
export function actions({ selection, count, what, signal, done, looked }) {
  const out = h("div", { class: "side", hidden: true });
  let tried = null;
  let latest = null;
  let may = { replay: true, discard: true, why: "" };
  let best = "replay";
  /** What is being done: "work", or "replay" until it has ended. */
  let busy = null;
  const key = () => JSON.stringify(selection());
  function face() {
    const busyWhy = busy === "replay" ? "The replay is still running." : "One moment: the last request has not been answered.";
    const why = busy ? busyWhy : may.why;
    allowed(dry, may.replay && !busy, why);
    allowed(replay, may.replay && !busy, why);
    allowed(drop, may.discard && !busy, why);
    const fails = tried !== null && tried === key() && latest?.byOutcome.wouldFail > 0;
    say(replay, fails ? "Replay anyway" : "Replay");
    const first = fails && best === "replay" ? "dry" : best;
    for (const [name, press] of [["dry", dry], ["replay", replay], ["discard", drop]]) press.classList.toggle("primary", name === first);
  }
  async function run(press, work) {
    if (press.getAttribute("aria-disabled")) return;
    busy = "work";
    face();
    try {
      await work();
    } catch (problem) {
      out.hidden = false;
      put(out, trouble(problem));
    }
    if (busy === "work") busy = null;
    face();
  }
  async function dryRun() {
    out.hidden = false;
    put(out, h("p", { class: "loading" }, "Looking at what a replay would do…"));
    const result = await look();
    tried = key();
    tell(result);
    lookAgain(result, AGAIN);
  }
  const look = () => change("dlq/replay", { ...selection(), dryRun: true }, "A dry run reads the records");
  function tell(result) {
    latest = result;
    const box = h("div", { class: "advice", "data-test": "dry-run-result" }, dryRunResult(result));
    put(out, box);
    announce(box.textContent);
    face();
    looked?.();
  }
  // Somebody who has just registered the schema need not know that the answer from before is kept for a moment.
  function lookAgain(result, times) {
    if (times === 0 || result.total !== 1 || !isUnknown(result)) return;
    setTimeout(async () => {
      const isCurrent = () => latest === result && tried !== null && tried === key() && !signal.aborted && !busy;
      if (!isCurrent()) return;
      const next = await look().catch(() => null);
      if (next === null || !isCurrent()) return;
      if (isUnknown(next)) latest = next;
      else tell(next);
      lookAgain(next, times - 1);
    }, AGAIN_AFTER);
  }
  const dry = button("Dry run", () => run(dry, dryRun), { "data-test": "dry-run" });
  const replay = button("Replay", () => run(replay, async () => {
    if (tried !== key()) {
      // Nobody replays without having seen what it does.
      await dryRun();
      out.append(h("p", { class: "soft" }, latest.byOutcome.wouldFail > 0 ? "Press “Replay anyway” to do it all the same." : "Press Replay again to do it."));
      return;
    }
    tried = null;
    const job = await change("dlq/replay", selection(), "A replay writes records to the topic");
    busy = "replay";
    put(out, followJob(job, signal, () => {
      busy = null;
      face();
      done();
    }));
  }), { "data-test": "replay" });
  const drop = button("Discard…", () => run(drop, async () => {
    const discarded = await discard(selection(), count(), what?.());
    if (discarded === null) return;
    tried = null;
    out.hidden = false;
    const words = discarded === 0 ? "None of them was open or parked any more: nothing was discarded." : `${plural(discarded, "dead letter")} discarded: kept in the topic, no longer in the list.`;
    put(out, h("p", { role: "status", "data-test": "discard-result" }, words));
    done();
  }), { "data-test": "discard" });
  face();
  return {
    element: h("div", { class: "side" }, h("div", { class: "row" }, dry, replay, drop), out),
    /** What can be done, and why not; `first` is the button to press: replay, dry, discard or none. */
    allow(which, first = "replay") {
      may = which;
      best = first;
      face();
    },
    /** Whether there is something to read, or to wait for. */
    speaks: () => busy !== null || (!out.hidden && out.querySelector("[data-test=replay-progress], [data-test=discard-result], .trouble") !== null),
    /** Forgets what there is to read. */
    clear() {
      if (busy) return;
      tried = null;
      out.hidden = true;
      face();
    },
    /** Forgets the result when other dead letters are chosen, unless a replay is being followed. */
    changed() {
      if (tried === null || tried === key()) return face();
      tried = null;
      out.hidden = true;
      return face();
    },
  };
}
