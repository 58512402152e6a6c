// cart-service's figures, from its /metrics: requests per second, answer time and read-back.

import { below } from "./api.js";
import { known, tell } from "./bus.js";
import { answered, rates } from "./series.js";

const EACH = 2_000;
const WRITES = /route="(\/api)?\/(create|update)-order"/;

/** What is known of it: `state` is unknown, ok, refused (by CORS) or away. Times are in seconds. */
export const cartFigures = { state: "unknown", p50: null, p99: null, readBack: null };

let before = null;

/** Sums a histogram's buckets, and counts requests, in Prometheus' text format. */
export function read(text) {
  const answer = new Map();
  const back = new Map();
  let requests = 0;
  for (const line of text.split("\n")) {
    const end = line.lastIndexOf(" ");
    const value = Number(line.slice(end + 1));
    const into = line.startsWith("orderlog_read_back_seconds_bucket") ? back
      : line.startsWith("http_request_duration_seconds_bucket") && WRITES.test(line) ? answer : null;
    if (into) {
      const bound = /le="([^"]+)"/.exec(line)?.[1];
      const key = bound === "+Inf" ? Infinity : Number(bound);
      into.set(key, (into.get(key) ?? 0) + value);
    } else if (line.startsWith("http_requests_total") && WRITES.test(line)) {
      requests += value;
    }
  }
  return { answer, back, requests };
}

/** A quantile of what was added to a histogram; null if nothing was. */
export function quantile(now, then, q) {
  const bounds = [...now.keys()].sort((a, b) => a - b);
  const added = bounds.map((bound) => (now.get(bound) ?? 0) - (then.get(bound) ?? 0));
  const total = added.at(-1) ?? 0;
  if (total <= 0) return null;
  const wanted = q * total;
  const index = added.findIndex((count) => count >= wanted);
  const low = index > 0 ? bounds[index - 1] : 0;
  if (bounds[index] === Infinity) return low;
  const below = index > 0 ? added[index - 1] : 0;
  return low + (bounds[index] - low) * ((wanted - below) / Math.max(1, added[index] - below));
}

async function poll(address) {
  try {
    const response = await fetch(below(address, "metrics"), { cache: "no-store", signal: AbortSignal.timeout(5_000) });
    if (!response.ok) throw new Error(String(response.status));
    const now = { ...read(await response.text()), at: performance.now() };
    // What happened while another place was shown is not a figure of the last two seconds.
    const follows = before && now.at - before.at < 3 * EACH && now.requests >= before.requests;
    if (follows) {
      rates.requests = (now.requests - before.requests) / ((now.at - before.at) / 1000);
      cartFigures.p50 = quantile(now.answer, before.answer, 0.5);
      cartFigures.p99 = quantile(now.answer, before.answer, 0.99);
      cartFigures.readBack = quantile(now.back, before.back, 0.5);
      // Until the next poll, which may be late.
      Object.assign(answered, { seconds: cartFigures.p50, until: now.at + 1.6 * EACH });
    } else {
      rates.requests = null;
      Object.assign(cartFigures, { p50: null, p99: null, readBack: null });
    }
    before = now;
    cartFigures.state = follows ? "ok" : "unknown";
  } catch {
    before = null;
    rates.requests = null;
    Object.assign(cartFigures, { p50: null, p99: null, readBack: null, state: await whyNot(address) });
    answered.until = 0;
  }
  tell("cart", cartFigures);
}

// A browser does not tell a page why a request failed, but one whose answer the page may not read succeeds if anybody answers.
async function whyNot(address) {
  try {
    await fetch(below(address, "health/live"), { mode: "no-cors", cache: "no-store", signal: AbortSignal.timeout(5_000) });
    return "refused";
  } catch {
    return "away";
  }
}

/** Asks again and again until the signal aborts. */
export function follow(signal) {
  let busy = false;
  const once = async () => {
    const address = known.config?.cartServiceUrl;
    if (!address || busy || document.hidden) return;
    busy = true;
    await poll(address);
    busy = false;
  };
  once();
  const timer = setInterval(once, EACH);
  signal.addEventListener("abort", () => clearInterval(timer));
}
