// What one can do about dead letters: dry run first, then replay; or discard. For one letter, several, or a whole filter.

import { change } from "./api.js";
import { announce } from "./bus.js";
import { button, h, put, raw, say } from "./dom.js";
import { discard } from "./discard.js";
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
    h("span", { class: `badge ${kind}`, "data-outcome": outcome }, label), code && [" as ", h("span", { class: "badge is-bad" }, code)], reason && [code ? ": " : " ", raw(reason)]);
}

function dryRunResult(result) {
  const some = result.examined < result.total ? ` Of ${n(result.total)}, the first ${n(result.examined)} were examined.` : "";
  const many = result.total !== 1;
  return [
    h("p", {}, h("strong", {}, "Dry run: "), many ? `${plural(result.examined, "letter")} examined, nothing was written.${some}` : "nothing was written. What a replay would do now: "),
    many && outcomeBadges(result.byOutcome),
    h("ul", { class: "plain" }, result.messages.slice(0, MANY).map((message) => line(message, many))),
    result.messages.length > MANY && h("p", { class: "soft small" }, `and ${n(result.messages.length - MANY)} more`),
    result.total === 0 && h("p", {}, "None of these letters is open any more, so there is nothing to replay."),
    isUnknown(result) && h("p", { class: "soft small" }, "Have you just registered the schema? order-service asks the registry for an unknown id only every few seconds: do the dry run again in a moment."),
    result.byOutcome.wouldFail > 0 && h("p", { class: "soft small" }, "What would be dead-lettered again needs its cause repaired first; replaying it now only counts up its replays, of which there are three."),
  ];
}

/**
 * The buttons and what comes of them. `selection()` is the body that names the letters, or null; `count()` how many they are, if
 * that is known; `done()` is called when letters were replayed or discarded, `looked()` after a dry run.
 */
export function actions({ selection, count, signal, done, looked }) {
  const out = h("div", { class: "side", hidden: true });
  let tried = null;
  let latest = null;
  const key = () => JSON.stringify(selection());
  async function run(press, work) {
    press.disabled = true;
    try {
      await work();
    } catch (problem) {
      out.hidden = false;
      put(out, trouble(problem));
    }
    press.disabled = false;
    allow(allowed);
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
    looked?.();
  }
  // Somebody who has just registered the schema need not know that the answer from before is kept for a moment.
  function lookAgain(result, times) {
    if (times === 0 || result.total !== 1 || !isUnknown(result)) return;
    setTimeout(async () => {
      const isCurrent = () => latest === result && tried !== null && tried === key() && !signal.aborted;
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
      out.append(h("p", { class: "soft" }, "Press Replay again to do it."));
      return;
    }
    tried = null;
    const job = await change("dlq/replay", selection(), "A replay writes records to the topic");
    put(out, followJob(job, signal, done));
  }), { class: "primary", "data-test": "replay" });
  const drop = button("Discard…", () => run(drop, async () => {
    const discarded = await discard(selection(), count());
    if (discarded === null) return;
    out.hidden = false;
    put(out, h("p", { role: "status", "data-test": "discard-result" }, `${plural(discarded, "letter")} discarded: kept in the topic, no longer in the list.`));
    done();
  }), { "data-test": "discard" });
  let allowed = { replay: true, discard: true };
  function allow(which) {
    allowed = which;
    dry.disabled = !which.replay;
    replay.disabled = !which.replay;
    drop.disabled = !which.discard;
  }
  return {
    element: h("div", { class: "side" }, h("div", { class: "row" }, dry, replay, drop), out),
    allow,
    /** Forgets the result when other letters are chosen, unless a replay is being followed. */
    changed() {
      if (tried === null || tried === key()) return;
      tried = null;
      out.hidden = true;
    },
    label: (text) => say(replay, text),
  };
}
