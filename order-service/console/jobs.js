// The replays so far: who, when, which dead letters, and what became of them. One that runs is followed wherever it was started.

import { age } from "./ages.js";
import { get } from "./api.js";
import { on } from "./bus.js";
import { button, h, put, raw, say, scroller } from "./dom.js";
import { moment, n, plural } from "./format.js";
import { followJob, outcomeBadges } from "./job.js";
import { addressOf } from "./router.js";

const STATES = { done: "is-good", failed: "is-bad", running: "is-info", stopped: "is-warn" };

function selected({ ids, code, since, until, all }) {
  if (ids) return ids.length === 1 ? h("a", { class: "id", href: addressOf("dead-letters", ids[0]) }, ids[0]) : plural(ids.length, "id");
  if (code) return h("span", { class: "badge" }, code);
  if (all) return "all";
  return [since && `since ${moment(since)}`, until && `until ${moment(until)}`].filter(Boolean).join(" ");
}

/** The card. It is loaded when it is opened, and opens by itself while a replay runs. */
export function jobList(signal) {
  const title = h("summary", {}, "Replays so far");
  const body = h("tbody");
  const note = h("p", { class: "soft" });
  const detail = h("div", {});
  const heading = (name, kind) => h("th", { scope: "col", class: kind }, name);
  const table = scroller("Replays", h("table", {}, h("caption", { class: "hidden" }, "Replays, newest first"),
    h("thead", {}, h("tr", {}, heading("started"), heading("took", "num narrow-hide"), heading("by", "narrow-hide"), heading("state"), heading("selected"), heading("dead letters", "num"), heading("outcomes"), heading(h("span", { class: "hidden" }, "details")))), body));
  table.hidden = true;
  const rows = new Map();
  let shown = null;
  let stopDetail = null;
  function open(job) {
    stopDetail?.abort();
    if (shown === job.id) {
      shown = null;
      put(detail);
    } else {
      shown = job.id;
      stopDetail = new AbortController();
      put(detail, followJob({ ...job, messages: undefined }, stopDetail.signal, () => {}));
    }
    for (const [id, { press }] of rows) press.setAttribute("aria-expanded", String(id === shown));
  }
  /** One row of a replay, whose cells are renewed. */
  function show(job) {
    const known = rows.get(job.id);
    const press = known?.press ?? button("Details", () => open(rows.get(job.id).job), { class: "quiet", "aria-expanded": "false" });
    const element = known?.element ?? h("tr", { "data-job": job.id }, Array.from({ length: 8 }, () => h("td", {})));
    rows.set(job.id, { job, press, element });
    const took = job.endedAt ? Math.max(0, Math.round((Date.parse(job.endedAt) - Date.parse(job.startedAt)) / 1000)) : null;
    const cells = [
      job.startedAt ? age(job.startedAt, "", " ago") : "–", took === null ? "–" : `${n(took)} s`, raw(job.by ?? "–"),
      [h("span", { class: `badge ${STATES[job.state] ?? ""}` }, job.state), (job.error ?? job.waiting) && [" ", raw(job.error ?? job.waiting)]],
      selected(job.selection ?? {}), n(job.total), outcomeBadges(job.outcomes),
    ];
    cells.forEach((cell, index) => put(element.children[index], cell));
    [1, 5].forEach((index) => element.children[index].classList.add("num"));
    [1, 2].forEach((index) => element.children[index].classList.add("narrow-hide"));
    if (!known) element.lastChild.append(press);
    return element;
  }
  function tell() {
    const running = [...rows.values()].filter(({ job }) => job.state === "running").length;
    say(title, running > 0 ? `Replays: ${n(running)} running` : "Replays so far");
    table.hidden = rows.size === 0;
    say(note, rows.size === 0 ? "No dead letter has been replayed yet. " : "");
    note.append("The same from a terminal: ", h("code", {}, "order-service dlq list"), ", ", h("code", {}, "show"), ", ", h("code", {}, "replay"), ", ", h("code", {}, "discard"), ".");
    if (running > 0 && !all.open) all.open = true;
  }
  async function load() {
    try {
      const { replays } = await get("dlq/replays", {}, signal);
      for (const job of replays) {
        const element = show(job);
        if (!element.isConnected) body.append(element);
      }
      tell();
    } catch (problem) {
      if (!signal.aborted) say(note, problem.message);
    }
  }
  const all = h("details", { class: "card", "data-test": "replays" }, title, table, detail, note);
  on("replay", (job) => {
    const element = show(job);
    if (!element.isConnected) body.prepend(element);
    tell();
  }, signal);
  on("reconnected", load, signal);
  signal.addEventListener("abort", () => stopDetail?.abort());
  load();
  return all;
}
