// The connection to order-service's server-sent events: says whether it is alive, and makes a new one when it is not. A tab that
// nobody sees has none: a browser allows only six connections to one address, for all of its tabs together.

import { known, tell } from "./bus.js";
import { ROOT, get, parse } from "./api.js";

/** The service sends its figures each second: after this long without anything, in ms, the connection counts as lost. */
const SILENCE = 6_000;
const FIRST_RETRY = 1_000;
const LAST_RETRY = 10_000;
const TOPICS = ["stats", "orders", "dlq", "replay", "health"];
/** Where to ask for what the stream would bring. */
const PATHS = { stats: "stats", dlq: "dlq/info", health: "health" };

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
  // Changes may have been missed.
  if (was !== "live" && was !== "connecting") tell("reconnected", was);
}

function close() {
  source?.close();
  source = null;
  clearTimeout(timer);
}

function again() {
  close();
  if (known.connection === "live") become("reconnecting");
  else poll();
  timer = setTimeout(connect, retry);
  retry = Math.min(retry * 1.6, LAST_RETRY);
}

// Without the stream, the figures can still be asked for, each time before it is tried again.
async function poll() {
  const signal = AbortSignal.timeout(SILENCE);
  try {
    const answers = await Promise.all(Object.entries(PATHS).map(async ([topic, path]) => [topic, await get(path, {}, signal)]));
    if (known.connection === "live" || document.hidden) return;
    known.lastHeard = Date.now();
    become("polling");
    for (const [topic, value] of answers) tell(topic, value);
  } catch {
    if (known.connection !== "live" && !document.hidden) become("lost");
  }
}

/** Connects, for as long as the page is open and seen. */
export function connect() {
  clearTimeout(timer);
  if (document.hidden) return become("hidden");
  opened = Date.now();
  source = new EventSource(new URL("events", ROOT));
  for (const topic of TOPICS) {
    source.addEventListener(topic, (event) => {
      heard();
      tell(topic, parse(event.data));
    });
  }
  source.addEventListener("error", again);
  return undefined;
}

/** Tries at once rather than at the next time. */
export function connectNow() {
  close();
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
  if (!document.hidden) return connectNow();
  close();
  return become("hidden");
});
