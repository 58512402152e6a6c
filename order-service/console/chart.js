// A small chart of a series: a line with the area below it, and gaps where nothing is known.

import { h, put, s } from "./dom.js";
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
  const svg = s("svg", { class: `chart ${kind ?? ""}`, viewBox: `0 0 ${LENGTH - 1} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" }, area, line);
  const top = h("span", {}, "");
  const element = h("div", {}, svg, h("div", { class: "span", "aria-hidden": "true" }, h("span", {}, "2 min ago"), top));
  return {
    element,
    kind: (name) => svg.setAttribute("class", `chart ${name}`),
    draw(values, label) {
      const highest = Math.max(...values.filter((value) => value !== null), 0);
      const scale = highest > 0 ? (HEIGHT - 4) / (highest * 1.08) : 0;
      const shift = LENGTH - values.length;
      const at = ([index, value]) => `${index + shift} ${(HEIGHT - 1 - value * scale).toFixed(1)}`;
      const paths = runs(values).filter((run) => run.length > 1);
      line.setAttribute("d", paths.map((run) => `M${run.map(at).join("L")}`).join(""));
      area.setAttribute("d", paths.map((run) => `M${run[0][0] + shift} ${HEIGHT}L${run.map(at).join("L")}L${run.at(-1)[0] + shift} ${HEIGHT}Z`).join(""));
      top.textContent = highest > 0 ? `at most ${label(highest)}` : "";
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
