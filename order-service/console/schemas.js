// The versions of the event's schema: what each one changed, and which changes the registry accepts.

import { get } from "./api.js";
import { on } from "./bus.js";
import { changes, lineDiff, nearChanges } from "./diff.js";
import { button, card, h, put, raw, rawLines, renew } from "./dom.js";
import { plural } from "./format.js";

const LEVELS = {
  BACKWARD: "a reader of the newest version can read records of the version before it",
  BACKWARD_TRANSITIVE: "a reader of the newest version can read records of all versions",
  FORWARD: "readers of the version before can read records of the newest",
  FORWARD_TRANSITIVE: "readers of all versions can read records of the newest",
  FULL: "readers of the newest version and of the one before can read each other's records",
  FULL_TRANSITIVE: "readers of any version can read records of any other",
  NONE: "the registry accepts any change, also one that breaks readers",
};

function tree(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const ORDER = ["type", "name", "namespace", "logicalType", "doc", "default", "symbols", "items", "values", "fields"];
const place = (key) => (ORDER.includes(key) ? ORDER.indexOf(key) : ORDER.length);

/** One layout for all: a schema may be registered with its attributes in another order, and that is no difference. */
const sorted = (_key, value) =>
  (value === null || typeof value !== "object" || Array.isArray(value)) ? value : Object.fromEntries(Object.entries(value).sort(([a], [b]) => place(a) - place(b) || a.localeCompare(b)));

const pretty = (text) => {
  const parsed = tree(text);
  return parsed === null ? text : JSON.stringify(parsed, sorted, 2);
};

function difference(before, now) {
  const lines = nearChanges(lineDiff(pretty(before.schema), pretty(now.schema)));
  const kinds = { "+": "add", "-": "cut", " ": "same" };
  return h("pre", { class: "box diff", tabindex: "0", role: "region", "aria-label": `Lines that differ between version ${before.version} and ${now.version}` },
    h("span", { class: "lines" }, lines.map((line) => (line === null ? h("span", { class: "same" }, "  …\n") : h("span", { class: kinds[line[0]] }, `${line[0]} `, raw(line[1]), "\n")))));
}

function versionCard(now, before, newest) {
  const [old, fresh] = [before && tree(before.schema), tree(now.schema)];
  const sentences = old && fresh ? changes(old, fresh) : [];
  const docs = before && sentences.length === 0 && pretty(before.schema) !== pretty(now.schema) ? ["Changes only texts, such as documentation, or the order of fields."] : [];
  return card(`Version ${now.version}`, { class: "fresh", "data-id": now.id },
    h("div", { class: "row" }, h("span", { class: "badge" }, `id ${now.id}`), newest && h("span", { class: "badge is-info" }, "newest"), now.ours && h("span", { class: "badge is-good" }, "known to this release"), now.written && h("span", { class: "badge is-good" }, "used for new events")),
    before ? h("ul", {}, [...sentences, ...docs].map((sentence) => h("li", {}, raw(sentence)))) : h("p", { class: "soft" }, "The first version."),
    before && h("details", { open: newest }, h("summary", {}, `Line by line, against version ${before.version}`), difference(before, now)),
    h("details", {}, h("summary", {}, "The whole schema"), h("pre", { class: "box", tabindex: "0", role: "region", "aria-label": `Schema, version ${now.version}` }, rawLines(pretty(now.schema)))));
}

/** Renders the place. */
export function schemas(main, { id }, signal) {
  let wanted = id;
  let shown = "";
  const body = h("div", { class: "side" }, h("p", { class: "loading", role: "status" }, "Asking the registry…"));
  const missing = h("p", { class: "trouble mild", role: "status" });
  /** Shows the version with the id of the address. */
  function point() {
    const versions = [...body.querySelectorAll("[data-id]")];
    for (const version of versions) version.toggleAttribute("aria-current", version.dataset.id === wanted);
    const found = versions.find((version) => version.dataset.id === wanted);
    found?.scrollIntoView({ block: "start" });
    missing.remove();
    if (!wanted || found || !shown) return;
    put(missing, "No version of this subject has the schema id ", raw(wanted), ".");
    body.prepend(missing);
  }
  async function load() {
    try {
      const found = await get("schemas", {}, signal);
      // Nothing that somebody has opened is closed again for the same answer.
      if (JSON.stringify(found) === shown) return;
      shown = JSON.stringify(found);
      const versions = [...found.versions].sort((a, b) => b.version - a.version);
      renew(body,
        found.error && h("p", { class: "trouble", role: "alert" }, "The registry does not tell: ", raw(found.error)),
        card("Subject", {}, h("p", {}, h("strong", { class: "id" }, raw(found.subject)), ` · ${plural(versions.length, "version")}`),
          found.compatibility && h("p", {}, "Compatibility level ", h("span", { class: "badge is-info" }, raw(found.compatibility)), LEVELS[found.compatibility] && `: ${LEVELS[found.compatibility]}.`)),
        versions.length === 0 && !found.error && h("p", { class: "empty" }, "Nothing is registered under this subject yet."),
        versions.map((version, index) => versionCard(version, versions[index + 1], index === 0)));
      point();
    } catch (problem) {
      shown = "";
      if (!signal.aborted) put(body, h("p", { class: "trouble", role: "alert" }, `The schemas could not be read: ${problem.message}`), h("div", {}, button("Try again", load)));
    }
  }
  main.append(h("div", { class: "row spread" }, h("h1", { tabindex: "-1" }, "Schemas"), button("Refresh", load)), body);
  on("reconnected", load, signal);
  load();
  return (route) => {
    wanted = route.id;
    point();
  };
}
