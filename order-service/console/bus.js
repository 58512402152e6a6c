// What the page knows, and who wants to hear of a change. No I/O.

/** The latest of everything that the stream brings. */
export const known = { stats: null, dlq: null, health: null, config: null, replay: null, connection: "connecting", lastHeard: null };

const listeners = new Map();

/** Calls `listener` with each value of a topic until the signal aborts. */
export function on(topic, listener, signal) {
  if (!listeners.has(topic)) listeners.set(topic, new Set());
  listeners.get(topic).add(listener);
  signal?.addEventListener("abort", () => listeners.get(topic).delete(listener));
}

/** The same, and at once if the value is known already. */
export function onKnown(topic, listener, signal) {
  on(topic, listener, signal);
  if (known[topic] !== null) listener(known[topic]);
}

/** Remembers a value, if it is one of those that are kept, and passes it on. */
export function tell(topic, value) {
  if (topic in known) known[topic] = value;
  for (const listener of listeners.get(topic) ?? []) listener(value);
}

/** Calls `draw` at most once per frame, however often the result is called; never while the tab is hidden. */
export function perFrame(draw) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  };
}

/** Says something to screen readers, once. */
export function announce(text) {
  const region = document.getElementById("announcer");
  region.textContent = "";
  setTimeout(() => { region.textContent = text; }, 50);
}
