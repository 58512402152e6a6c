// The first place: one look tells whether all is well.

import { accounting } from "./accounting.js";
import { attention } from "./attention.js";
import { known, on, onKnown, perFrame } from "./bus.js";
import { cartFigures, follow } from "./cart.js";
import { chart } from "./chart.js";
import { button, card, h, put, say } from "./dom.js";
import { n, rate, seconds } from "./format.js";
import { liveOrders } from "./live.js";
import { pipeline } from "./pipeline.js";
import { sandboxForms } from "./sandbox.js";
import { LENGTH, rates, series } from "./series.js";

function tile(title, kind) {
  const number = h("span", {}, "–");
  const unit = h("small", {});
  const drawing = chart(kind);
  const element = card(title, { class: "fresh" }, h("p", { class: "figure" }, number, " ", unit), drawing.element);
  return { element, drawing, show: (value, about) => { say(number, value); say(unit, about); } };
}

function answerTime(tile) {
  const { state, p50, p99 } = cartFigures;
  const address = known.config?.cartServiceUrl;
  if (state === "refused") return tile.show("–", `cart-service does not let this page read its figures: add ${location.origin} to its CORS_ORIGINS`);
  if (state === "away") return tile.show("–", `no answer from ${address}`);
  if (!address) return tile.show("–", "no CART_SERVICE_URL is set");
  if (p50 === null) return tile.show("–", state === "ok" ? "no writes just now" : "asking cart-service");
  return tile.show(seconds(p50), `p50 · ${seconds(p99)} p99`);
}

function deadLetters(tile, dlq) {
  const since = series.letters.length >= LENGTH ? "in 2 min" : "since this page was opened";
  tile.show(dlq ? n(dlq.count) : "–", `${dlq?.byState?.parked > 0 ? "open or parked" : "open"} · ${n(rates.newLetters)} new ${since}`);
  tile.drawing.draw(series.open, n);
}

/** A way to the forms, which are at the end of the page. */
function toForms(forms) {
  return button("Sandbox: create an order, send an invalid record ↓", () => {
    forms.scrollIntoView({ block: "start" });
    forms.querySelector("input, select")?.focus({ preventScroll: true });
  }, { class: "quiet", "data-test": "to-sandbox" });
}

/** Renders the place into `main`. */
export function overview(main, _route, signal) {
  const drawing = pipeline();
  const tiles = { events: tile("Events", ""), answer: tile("Answer time", "good"), lag: tile("Lag", "warn"), letters: tile("Dead letters", "bad") };
  const draw = perFrame(() => {
    const { stats, dlq } = known;
    drawing.draw({ stats, dlq, config: known.config, rates, readBack: cartFigures.readBack, answering: cartFigures.state === "away" ? "no answer" : null });
    tiles.events.show(rate(rates.events), "per second");
    tiles.events.drawing.draw(series.events, rate);
    answerTime(tiles.answer);
    tiles.answer.drawing.draw(series.answer, seconds);
    tiles.lag.show(stats ? n(stats.lag) : "–", stats && stats.lag === null ? "unknown" : "records not read yet");
    tiles.lag.drawing.draw(series.lag, n);
    deadLetters(tiles.letters, dlq);
  });
  for (const topic of ["series", "cart", "config"]) on(topic, draw, signal);
  onKnown("stats", draw, signal);
  onKnown("dlq", draw, signal);
  drawing.isNarrow.addEventListener("change", draw, { signal });
  const forms = h("div", { class: "anchor" });
  const picture = card("Pipeline", { class: "fresh" }, drawing.element);
  onKnown("config", (config) => {
    if (!config.sandbox || forms.firstChild) return;
    put(forms, sandboxForms(config));
    const heading = picture.firstChild;
    const line = h("div", { class: "row spread" }, toForms(forms));
    heading.replaceWith(line);
    line.prepend(heading);
  }, signal);
  main.append(
    h("h1", { class: "hidden", tabindex: "-1" }, "Overview"),
    picture,
    h("div", { class: "charts" }, Object.values(tiles).map((one) => one.element)),
    h("div", { class: "pair" }, liveOrders(signal), h("div", { class: "side" }, attention(signal), accounting(signal))),
    forms,
  );
  draw();
  follow(signal);
}
