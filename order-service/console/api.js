// Requests to the services. The page is at the root of order-service's API, or below /api, or behind a proxy's prefix.

import { askForKey, storedKey } from "./key.js";

/** The root of order-service's API. */
export const ROOT = new URL(new URL("..", import.meta.url).pathname.replace(/\/api\/$/, "/"), location.origin);

/** An answer that is not a success, or none at all (status 0). */
export class Problem extends Error {
  constructor(status, body, address) {
    const fields = (body?.errors ?? []).map((error) => `${error.field}: ${error.message ?? error.detail ?? ""}`).join("; ");
    super([body?.detail || body?.title || `HTTP ${status}`, fields].filter(Boolean).join(" "));
    Object.assign(this, { status, type: body?.type ?? "", title: body?.title, address });
  }
}

// Amounts keep the digits that the service wrote: a number of JavaScript would drop zeros and, beyond 15 digits, more.
const EXACT = new Set(["totalAmount", "shippingCost", "price"]);

/** Reads JSON. */
export const parse = (text) =>
  JSON.parse(text, (key, value, context) => (EXACT.has(key) && typeof value === "number" && context?.source ? context.source : value));

async function request(address, options) {
  let response;
  try {
    response = await fetch(address, { cache: "no-store", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { detail: `No answer from ${address.host}: it is not reachable from this browser.` }, address);
  }
  const text = await response.text();
  let body = null;
  try {
    body = text ? parse(text) : null;
  } catch {
    body = response.ok ? null : { title: text.slice(0, 200) };
  }
  if (!response.ok) throw new Problem(response.status, body, address);
  return body;
}

/** GET from order-service; `query` leaves out what is empty. */
export function get(path, query, signal) {
  const address = new URL(path, ROOT);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== "") address.searchParams.set(name, value);
  }
  return request(address, { signal });
}

const json = (method, body, headers) =>
  ({ method, headers: { "content-type": "application/json", ...headers }, body: body === undefined ? undefined : JSON.stringify(body) });

/** A POST to order-service that changes something; asks for the administrator's key when the service does. */
export async function change(path, body, question) {
  const address = new URL(path, ROOT);
  for (let refused = false; ; refused = true) {
    const key = storedKey();
    try {
      return await request(address, json("POST", body ?? {}, key ? { authorization: `Bearer ${key}` } : {}));
    } catch (problem) {
      if (problem.status !== 401 || !(await askForKey(question, refused || Boolean(key)))) throw problem;
    }
  }
}

/** An address below a base that may have a path of its own, with or without a slash at its end. */
export const below = (base, path) => new URL(path, base.endsWith("/") ? base : `${base}/`);

/** A request to cart-service. */
export const cart = (base, method, path, body, headers) => request(below(base, path), json(method, body, headers));
