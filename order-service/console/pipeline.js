// The pipeline as it is: clients, cart-service, the partitions as lanes, order-service, store and dead letters.

import { put, s, say } from "./dom.js";
import { n, plural, rate, seconds, waiting } from "./format.js";

const LANES = 12;
const LANE = 26;
/** A backlog of this many records fills a lane, unless another lane has more. */
const FULL = 1_000;

const text = (x, y, classes, content = "") => s("text", { x, y, class: classes }, content);

function wire(points, kind = "") {
  const [[x1, y1], [x2, y2]] = points.slice(-2);
  const angle = (Math.atan2(y2 - y1, x2 - x1) * 180) / Math.PI;
  return [
    s("polyline", { class: `wire ${kind}`, points: points.map((point) => point.join(",")).join(" ") }),
    s("path", { class: `tip ${kind}`, d: "M0 0L-8 -4L-8 4Z", transform: `translate(${x2} ${y2}) rotate(${angle})` }),
  ];
}

/** What the words in the picture mean, for those who point at them. */
const MEANINGS = {
  clients: "Programs that call cart-service over HTTP, such as a shop; and the demo's traffic in the sandbox",
  cart: "cart-service has no database: what an order is, it knows from the log alone, and it answers when it has read its own event back",
  topic: "The partitions of the topic. A bar is as long as what order-service has not read yet",
  order: "order-service applies each event to the order that it belongs to, and keeps the result in its store",
  store: "order-service's own store on disk: orders, and how far each partition has been read",
  letters: "Records that could not be used, with the reason why; they can be repaired and replayed",
  publish: "Events are encoded with Avro, and count as written when all in-sync replicas have them (acks=all)",
  back: "How long it takes until cart-service has read back an event that it wrote (median)",
};

const explained = (meaning, ...parts) => s("g", {}, s("title", {}, meaning), parts);

function node(x, y, width, height, title, meaning) {
  const sub = text(x + width / 2, y + height / 2 + 16, "sub");
  const box = s("rect", { class: "node", x, y, width, height, rx: 8 });
  return { sub, box, all: explained(meaning, box, text(x + width / 2, y + height / 2 - 1, "strong", title), sub) };
}

function lane(partition, x, y, width) {
  const bar = s("rect", { class: "lane", x, y, width: 0, height: 15, rx: 4 });
  const note = text(x + width + 10, y + 12, "lane-text");
  const track = s("rect", { class: "track", x, y, width, height: 15, rx: 4 });
  return { partition, bar, track, note, width, all: [text(x - 10, y + 12, "sub right", `p${partition}`), track, bar, note] };
}

/** The frame around the lanes, with the topic's name above them. */
function frame(x, y, width, height) {
  const caption = text(x + width / 2, y + 19, "sub");
  return { caption, all: explained(MEANINGS.topic, s("rect", { class: "node topic", x, y, width, height, rx: 8 }), caption) };
}

// Where everything is: side by side on a wide screen, one below the other on a narrow one.
function wide(partitions) {
  const shown = partitions.slice(0, LANES);
  const foot = partitions.length > LANES ? 50 : 38;
  const lanes = Math.max(1, shown.length) * LANE;
  const height = Math.max(220, lanes + 64);
  const middle = height / 2;
  const nodes = {
    clients: node(0, middle - 28, 118, 56, "clients", MEANINGS.clients), cart: node(226, middle - 28, 148, 56, "cart-service", MEANINGS.cart),
    order: node(1006, middle - 28, 148, 56, "order-service", MEANINGS.order), store: node(1218, middle - 82, 152, 52, "store", MEANINGS.store),
    letters: node(1218, middle + 30, 152, 52, "dead letters", MEANINGS.letters),
  };
  const top = middle - (lanes + foot) / 2;
  const texts = {
    requests: text(172, middle - 8, "sub"), publish: text(438, middle - 20, "sub", "Avro, acks=all"),
    back: text(438, middle + 34, "back-text"), events: text(955, middle - 8, "sub"),
  };
  const wires = [
    wire([[118, middle], [226, middle]]), wire([[374, middle - 12], [502, middle - 12]]),
    wire([[502, middle + 16], [374, middle + 16]], "back"), wire([[904, middle], [1006, middle]]),
    wire([[1154, middle - 10], [1218, middle - 56]]),
  ];
  return {
    box: [1372, height], nodes, texts, wires, letterWire: wire([[1154, middle + 10], [1218, middle + 56]]), topic: frame(502, top, 402, lanes + foot),
    lanes: shown.map((one, index) => lane(one.partition, 548, top + 32 + index * LANE, 250)), more: text(703, top + lanes + 44, "sub"),
  };
}

function narrow(partitions) {
  const shown = partitions.slice(0, LANES);
  const top = 220;
  const end = top + Math.max(1, shown.length) * LANE + (partitions.length > LANES ? 50 : 38);
  const nodes = {
    clients: node(110, 4, 140, 48, "clients", MEANINGS.clients), cart: node(110, 102, 140, 50, "cart-service", MEANINGS.cart),
    order: node(110, end + 54, 140, 50, "order-service", MEANINGS.order), store: node(10, end + 152, 150, 50, "store", MEANINGS.store),
    letters: node(200, end + 152, 150, 50, "dead letters", MEANINGS.letters),
  };
  const texts = {
    requests: text(190, 82, "sub left"), publish: text(152, 190, "sub right", "Avro, acks=all"),
    back: text(208, 190, "back-text left"), events: text(190, end + 32, "sub left"),
  };
  const wires = [
    wire([[180, 52], [180, 102]]), wire([[160, 152], [160, top]]), wire([[200, top], [200, 152]], "back"),
    wire([[180, end], [180, end + 54]]), wire([[150, end + 104], [110, end + 152]]),
  ];
  return {
    box: [360, end + 208], nodes, texts, wires, letterWire: wire([[210, end + 104], [250, end + 152]]), topic: frame(4, top, 352, end - top),
    lanes: shown.map((one, index) => lane(one.partition, 46, top + 32 + index * LANE, 180)), more: text(180, end - 6, "sub"),
  };
}

function drawLane(lane, partition, largest) {
  const lag = partition.lag;
  const kind = partition.paused ? "warn" : lag === null ? "bad" : lag > 1000 ? "warn" : "";
  const share = lag === null ? 1 : lag / Math.max(largest, FULL);
  lane.track.setAttribute("class", kind === "" ? "track good" : "track");
  lane.bar.setAttribute("class", `lane ${kind}`);
  // What exists is never too short to be seen.
  lane.bar.setAttribute("width", share > 0 ? Math.max(4, lane.width * share).toFixed(0) : "0");
  lane.note.setAttribute("class", `lane-text ${kind}`);
  say(lane.note, partition.paused ? "paused" : lag === null ? "lag unknown" : `lag ${n(lag)}`);
}

/** The drawing, with `draw({stats, dlq, config, rates, readBack, answering})`. */
export function pipeline() {
  const svg = s("svg", { class: "pipeline", role: "img" });
  const isNarrow = matchMedia("(max-width: 46rem)");
  let plan = null;
  let built = "";
  function build(partitions) {
    const wanted = `${isNarrow.matches} ${partitions.map((one) => one.partition)}`;
    if (wanted === built) return;
    built = wanted;
    plan = (isNarrow.matches ? narrow : wide)(partitions);
    svg.setAttribute("viewBox", `-2 0 ${plan.box[0] + 4} ${plan.box[1]}`);
    const nodes = Object.values(plan.nodes).map((one) => one.all);
    const { publish, back, ...figures } = plan.texts;
    put(svg, plan.topic.all, plan.wires, plan.letterWire, nodes, plan.lanes.map((one) => one.all), explained(MEANINGS.publish, publish), explained(MEANINGS.back, back), Object.values(figures), plan.more);
  }
  function draw({ stats, dlq, config, rates, readBack, answering }) {
    const partitions = stats?.partitions ?? [];
    build(partitions);
    const largest = Math.max(0, ...partitions.map((one) => one.lag ?? 0));
    plan.lanes.forEach((lane, index) => drawLane(lane, partitions[index], largest));
    say(plan.topic.caption, [stats?.topic ?? config?.topic, stats && plural(partitions.length, "partition")].filter(Boolean).join(" · "));
    say(plan.more, partitions.length > LANES ? `and ${partitions.length - LANES} more` : partitions.length ? "" : "no partitions yet");
    say(plan.texts.requests, rates.requests === null ? "" : `${rate(rates.requests)} req/s`);
    say(plan.texts.back, readBack === null ? "read back" : `read back ${seconds(readBack)}`);
    say(plan.texts.events, rates.events === null ? "" : `${rate(rates.events)} ev/s`);
    say(plan.nodes.clients.sub, "HTTP");
    say(plan.nodes.cart.sub, answering ?? "decides by the log");
    say(plan.nodes.order.sub, "applies events");
    say(plan.nodes.store.sub, stats ? `${n(stats.orders)} orders` : "");
    const open = dlq?.count ?? 0;
    say(plan.nodes.letters.sub, dlq ? waiting(dlq) : "");
    plan.nodes.letters.box.setAttribute("class", open > 0 ? "node bad" : "node");
    plan.letterWire[0].setAttribute("class", open > 0 ? "wire bad" : "wire");
    plan.letterWire[1].setAttribute("class", open > 0 ? "tip bad" : "tip");
    const paused = partitions.filter((one) => one.paused).map((one) => one.partition);
    svg.setAttribute("aria-label", `Clients send orders to cart-service, which writes events to ${partitions.length} partitions and reads them back. order-service reads them into its store; it sends what it has to reject to the dead letters. ${paused.length ? `Paused: partition ${paused.join(", ")}.` : "No partition is paused."}`);
  }
  return { element: svg, draw, isNarrow };
}
