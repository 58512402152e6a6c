// A small chart of a series: a line with the area below it, and gaps where nothing is known.

import { h, put, s, say } from "./dom.js";
import { LENGTH } from "./series.js";

const HEIGHT = 50;

function runs(values) {
  const all = [];
  let run = null;
  values.forEach((value, index) => {
    if (value === null || value === undefined) run = null;
    else if (run) run.push([index, value]);
    else all.push((run = [[index, value]]));
  });
  return all;
}

/** A chart with `draw(values)`. What it shows is also said in text beside it, so it is no image to a screen reader. */
export function chart(kind) {
  const area = s("path", { class: "area" });
  const line = s("path", { class: "line" });
  // A margin on both sides, for half the line's width.
  const svg = s("svg", { class: `chart ${kind ?? ""}`, viewBox: `-0.5 0 ${LENGTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" }, area, line);
  const begin = h("span", {});
  const top = h("span", {});
  const element = h("div", {}, svg, h("div", { class: "span", "aria-hidden": "true" }, begin, top));
  return {
    element,
    kind: (name) => svg.setAttribute("class", `chart ${name}`),
    draw(all, label) {
      // From the first second that is known, as wide as the box: most of it would be empty until the page has been open for long.
      const first = all.findIndex((value) => value !== null);
      const values = first < 0 ? [] : all.slice(first);
      const highest = Math.max(...values.filter((value) => value !== null), 0);
      const scale = highest > 0 ? (HEIGHT - 4) / (highest * 1.08) : 0;
      const step = (LENGTH - 1) / Math.max(1, values.length - 1);
      const x = ([index]) => (index * step).toFixed(2);
      const at = ([index, value]) => `${x([index])} ${(HEIGHT - 1 - value * scale).toFixed(1)}`;
      const paths = runs(values).filter((run) => run.length > 1);
      line.setAttribute("d", paths.map((run) => `M${run.map(at).join("L")}`).join(""));
      area.setAttribute("d", paths.map((run) => `M${x(run[0])} ${HEIGHT}L${run.map(at).join("L")}L${x(run.at(-1))} ${HEIGHT}Z`).join(""));
      say(begin, values.length >= LENGTH ? "2 min ago" : values.length > 1 ? `${values.length - 1} s ago` : "");
      say(top, values.length > 1 ? `peak ${label(highest)}` : "");
    },
  };
}

/** Bars of counts by hour, `[{hour, count}]`, with a text for each. */
export function bars(hours, describe) {
  const highest = Math.max(...hours.map((hour) => hour.count), 1);
  const svg = s("svg", { class: "chart", viewBox: `0 0 ${hours.length * 4} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  return put(svg, hours.map((hour, index) => {
    const height = hour.count === 0 ? 0 : Math.max(2, (hour.count / highest) * (HEIGHT - 2));
    return s("rect", { class: "bar", x: index * 4 + 0.4, width: 3.2, y: HEIGHT - height, height }, s("title", {}, describe(hour)));
  }));
}
