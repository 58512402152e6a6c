// What is above every place: where one is, whether all is well, whether the figures are live.

import { announce, known, on, onKnown } from "./bus.js";
import { button, h, put, raw, say } from "./dom.js";
import { clock, n } from "./format.js";
import { forgetKey, storedKey } from "./key.js";
import { connectNow } from "./stream.js";

const PLACES = [["overview", "Overview"], ["orders", "Orders"], ["dead-letters", "Dead letters"], ["schemas", "Schemas"], ["partitions", "Partitions"]];
const at = (id) => document.getElementById(id);

/** Choosing the place where one is renews it. */
function again(event) {
  if (location.hash === event.currentTarget.getAttribute("href")) dispatchEvent(new HashChangeEvent("hashchange"));
}

function nav() {
  const count = h("span", { class: "count", hidden: true });
  put(at("places"), PLACES.map(([place, name]) => h("a", { href: `#/${place}`, onclick: again, "data-test": `nav-${place}`, "data-place": place }, name, place === "dead-letters" && count)));
  onKnown("dlq", (dlq) => {
    count.hidden = !(dlq.count > 0);
    say(count, dlq.count > 9999 ? "9,999+" : n(dlq.count));
    count.setAttribute("aria-label", `, ${dlq.count} open or parked`);
  });
  on("route", ({ place }) => {
    for (const link of at("places").children) {
      if (link.dataset.place === place) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  });
}

function health() {
  const pill = at("health");
  const draw = () => {
    const report = known.health;
    if (!report) return;
    const word = !report.ready ? "Not ready" : report.status === "healthy" ? "Healthy" : "Degraded";
    // One word, so that the header stays as it is; the overview says why.
    say(pill, word);
    pill.title = (report.reasons ?? []).join("\n") || "order-service has nothing to report";
    pill.className = `pill ${!report.ready ? "is-bad" : report.status === "healthy" ? "is-good" : "is-warn"}`;
    if (known.connection !== "lost") return;
    // What was known says nothing about now.
    say(pill, "Unknown");
    pill.title = `It was ${word.toLowerCase()} when the connection was lost`;
    pill.className = "pill";
  };
  onKnown("health", draw);
  on("connection", draw);
}

function connection() {
  const sign = at("connection");
  const banner = at("banner");
  on("connection", (state) => {
    sign.dataset.state = state;
    const since = known.lastHeard ? clock(known.lastHeard) : null;
    say(sign, { live: "live", reconnecting: "reconnecting…", connecting: "connecting", hidden: "paused while hidden", polling: "every few seconds" }[state] ?? (since ? `lost since ${since}` : "lost"));
    const stale = state === "lost" || state === "reconnecting";
    document.body.classList.toggle("stale", stale);
    banner.hidden = state !== "lost" && state !== "polling";
    if (state === "polling") put(banner, "order-service answers, but its stream of events does not: too many pages are open (the service takes 100, a browser six of one address), or a proxy holds the stream back. The figures are asked for every few seconds; orders do not appear by themselves. ", button("Try now", connectNow));
    if (state === "lost") {
      put(banner, since
        ? `The connection to order-service was lost at ${since}. The figures are from then. This page keeps trying. `
        : "order-service does not answer. This page keeps trying. ", button("Try now", connectNow));
    }
  });
  on("reconnected", (was) => { if (was !== "hidden") announce("Connected again. The figures are live."); });
}

function foot() {
  const key = h("span", {});
  const showKey = () => put(key, storedKey() ? button("Forget the administrator's key", forgetKey, { class: "quiet" }) : known.config?.adminKeyRequired ? "Replays and discards need the administrator's key." : "");
  on("key", showKey);
  onKnown("config", (config) => {
    put(at("where"), raw(config.topic), " @ ", raw(config.bootstrapServers));
    showKey();
    const link = (path, text) => h("a", { href: path }, text);
    put(at("foot"), h("span", {}, raw(config.service), " ", raw(config.version)), link("about", "About"), link("docs/", "API"), link("asyncapi.json", "Events"), link("metrics", "Metrics"), config.sandbox && h("span", {}, "Sandbox: everything is in memory"), key);
  });
}

function search() {
  const input = at("find");
  at("find-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const id = input.value.trim();
    if (id) location.hash = `#/orders/${encodeURIComponent(id)}`;
    input.value = "";
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input:not([type=checkbox]), textarea, select, dialog");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      input.focus();
    }
    if (event.key === "Escape" && event.target === input) input.blur();
  });
  // The address after # belongs to the places.
  at("skip").addEventListener("click", (event) => {
    event.preventDefault();
    at("main").focus();
  });
}

/** Brings it all to life. */
export function head() {
  nav();
  health();
  connection();
  foot();
  search();
}
