// The places and their addresses: #/place, #/place/id, each with filters as ?name=value.

import { tell } from "./bus.js";
import { add, h, raw } from "./dom.js";

/** What an address says. */
export function parseRoute(hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [place, ...rest] = path.split("/");
  let id = rest.join("/");
  try {
    id = decodeURIComponent(id);
  } catch { /* not written by this page: as it is */ }
  return { place: place || "overview", id: id || null, query: new URLSearchParams(query) };
}

const NOWHERE = {
  title: () => "No such place",
  render: (main, { place }) => add(main, h("h1", { tabindex: "-1" }, "There is no such place"),
    h("p", {}, "This page has no place named ", raw(place), ". ", h("a", { href: "#/overview" }, "Go to the overview"), ", or choose one above.")) && undefined,
};

/** The address of a place. */
export function addressOf(place, id, query) {
  const filters = new URLSearchParams(Object.entries(query ?? {}).filter(([, value]) => value)).toString();
  return `#/${place}${id ? `/${encodeURIComponent(id)}` : ""}${filters ? `?${filters}` : ""}`;
}

/**
 * Shows the place of the address, now and whenever it changes. `places` has, by name, `title(route)` and
 * `render(main, route, signal)`, which may return `update(route)`: that is then called instead of rendering the same place anew.
 */
export function route(places) {
  const main = document.getElementById("main");
  let current = null;
  function show(first) {
    const wanted = parseRoute(location.hash);
    const { place } = wanted;
    const next = wanted;
    // Not what an object inherits, such as `constructor`.
    const { title, render } = Object.hasOwn(places, place) ? places[place] : NOWHERE;
    document.title = `${title(next)} · Orderlog`;
    tell("route", next);
    if (current?.place === place && current.update) return current.update(next);
    current?.abort.abort();
    const abort = new AbortController();
    main.replaceChildren();
    current = { place, abort };
    current.update = render(main, next, abort.signal);
    if (!first) {
      scrollTo(0, 0);
      focusHeading(main);
    }
    return undefined;
  }
  addEventListener("hashchange", () => show(false));
  show(true);
}

/** Moves the focus to the heading: a screen reader says where one is, and Tab goes on from there. */
export function focusHeading(element) {
  const heading = element.querySelector("h1, h2[tabindex]");
  heading?.setAttribute("tabindex", "-1");
  heading?.focus({ preventScroll: true });
}
