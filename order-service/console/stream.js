// The connection to order-service's server-sent events: says whether it is alive, and makes a new one when it is not.

import { known, tell } from "./bus.js";
import { ROOT, parse } from "./api.js";

/** The service sends its figures each second: after this long without anything, in ms, the connection counts as lost. */
const SILENCE = 6_000;
const FIRST_RETRY = 1_000;
const LAST_RETRY = 10_000;
const TOPICS = ["stats", "orders", "dlq", "replay", "health"];

let source = null;
let retry = FIRST_RETRY;
let timer = null;
let opened = 0;

function become(connection) {
  if (known.connection !== connection) tell("connection", connection);
}

function heard() {
  known.lastHeard = Date.now();
  retry = FIRST_RETRY;
  const was = known.connection;
  become("live");
  if (was === "lost" || was === "reconnecting") tell("reconnected", true);
}

function again() {
  source?.close();
  source = null;
  clearTimeout(timer);
  become(known.connection === "live" ? "reconnecting" : "lost");
  timer = setTimeout(connect, retry);
  retry = Math.min(retry * 1.6, LAST_RETRY);
}

/** Connects, for as long as the page is open. */
export function connect() {
  clearTimeout(timer);
  opened = Date.now();
  source = new EventSource(new URL("events", ROOT));
  for (const topic of TOPICS) {
    source.addEventListener(topic, (event) => {
      heard();
      tell(topic, parse(event.data));
    });
  }
  source.addEventListener("error", again);
}

/** Tries at once rather than at the next time. */
export function connectNow() {
  source?.close();
  retry = FIRST_RETRY;
  connect();
}

setInterval(() => {
  const last = Math.max(opened, known.lastHeard ?? 0);
  if (source && Date.now() - last > SILENCE) again();
}, 1_000);
// A phone that wakes up, or a network that is back, need not wait for the next try.
addEventListener("online", connectNow);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && known.connection !== "live") connectNow();
});
