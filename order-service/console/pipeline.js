// The pipeline as it is: clients, cart-service, the partitions as lanes, order-service, store and dead letters.

import { put, s, say } from "./dom.js";
import { n, rate, seconds } from "./format.js";

const LANES = 12;
const LANE = 26;

const text = (x, y, classes, content = "") => s("text", { x, y, class: classes }, content);

function wire(points, kind = "") {
  const [[x1, y1], [x2, y2]] = points.slice(-2);
  const angle = (Math.atan2(y2 - y1, x2 - x1) * 180) / Math.PI;
  return [
    s("polyline", { class: `wire ${kind}`, points: points.map((point) => point.join(",")).join(" ") }),
    s("path", { class: `tip ${kind}`, d: "M0 0L-8 -4L-8 4Z", transform: `translate(${x2} ${y2}) rotate(${angle})` }),
  ];
}

function node(x, y, width, height, title) {
  const sub = text(x + width / 2, y + height / 2 + 16, "sub");
  const box = s("rect", { class: "node", x, y, width, height, rx: 8 });
  return { sub, box, all: [box, text(x + width / 2, y + height / 2 - 1, "strong", title), sub] };
}

function lane(partition, x, y, width) {
  const bar = s("rect", { class: "lane", x, y, width, height: 15, rx: 4 });
  const note = text(x + width + 10, y + 12, "lane-text");
  return { partition, bar, note, x, width, all: [text(x - 10, y + 12, "sub right", `p${partition}`), s("rect", { class: "track", x, y, width, height: 15, rx: 4 }), bar, note] };
}

// Where everything is: side by side on a wide screen, one below the other on a narrow one.
function wide(partitions) {
  const shown = partitions.slice(0, LANES);
  const height = Math.max(220, shown.length * LANE + 40);
  const middle = height / 2;
  const nodes = {
    clients: node(0, middle - 28, 118, 56, "clients"), cart: node(226, middle - 28, 148, 56, "cart-service"),
    order: node(1006, middle - 28, 148, 56, "order-service"), store: node(1242, middle - 82, 128, 52, "store"),
    letters: node(1242, middle + 30, 128, 52, "dead letters"),
  };
  const top = middle - (shown.length * LANE) / 2 + 5;
  const texts = {
    requests: text(172, middle - 8, "sub"), publish: text(438, middle - 20, "sub", "Avro, acks=all"),
    back: text(438, middle + 34, "back-text"), events: text(955, middle - 8, "sub"),
  };
  const wires = [
    wire([[118, middle], [226, middle]]), wire([[374, middle - 12], [504, middle - 12]]),
    wire([[504, middle + 16], [374, middle + 16]], "back"), wire([[912, middle], [1006, middle]]),
    wire([[1154, middle - 10], [1242, middle - 56]]),
  ];
  return { box: [1372, height], nodes, texts, wires, letterWire: wire([[1154, middle + 10], [1242, middle + 56]]), lanes: shown.map((one, index) => lane(one.partition, 548, top + index * LANE, 262)), more: text(679, top + shown.length * LANE + 14, "sub") };
}

function narrow(partitions) {
  const shown = partitions.slice(0, LANES);
  const lanes = 232;
  const end = lanes + shown.length * LANE;
  const nodes = {
    clients: node(110, 4, 140, 48, "clients"), cart: node(110, 102, 140, 50, "cart-service"),
    order: node(110, end + 62, 140, 50, "order-service"), store: node(10, end + 160, 150, 50, "store"),
    letters: node(200, end + 160, 150, 50, "dead letters"),
  };
  const texts = {
    requests: text(190, 82, "sub left"), publish: text(152, 194, "sub right", "Avro, acks=all"),
    back: text(208, 194, "back-text left"), events: text(190, end + 40, "sub left"),
  };
  const wires = [
    wire([[180, 52], [180, 102]]), wire([[160, 152], [160, 220]]), wire([[200, 220], [200, 152]], "back"),
    wire([[180, end + 8], [180, end + 62]]), wire([[150, end + 112], [110, end + 160]]),
  ];
  return { box: [360, end + 216], nodes, texts, wires, letterWire: wire([[210, end + 112], [250, end + 160]]), lanes: shown.map((one, index) => lane(one.partition, 34, lanes + index * LANE, 150)), more: text(110, end + 4, "sub") };
}

function drawLane(lane, partition, largest) {
  const lag = partition.lag;
  const kind = partition.paused ? "warn" : lag === null ? "bad" : lag > 1000 ? "warn" : "";
  const share = lag === null ? 0 : largest > 0 ? 1 - (lag / largest) * 0.85 : 1;
  lane.bar.setAttribute("class", `lane ${kind}`);
  lane.bar.setAttribute("width", Math.max(4, lane.width * (largest < 50 ? 1 : share)).toFixed(0));
  lane.note.setAttribute("class", `lane-text ${kind}`);
  say(lane.note, partition.paused ? "paused" : lag === null ? "lag unknown" : `lag ${n(lag)}`);
}

/** The drawing, with `draw({stats, dlq, rates, readBack, config})`. */
export function pipeline() {
  const svg = s("svg", { class: "pipeline fresh", role: "img" });
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
    put(svg, plan.wires, plan.letterWire, nodes, plan.lanes.map((one) => one.all), Object.values(plan.texts), plan.more);
  }
  function draw({ stats, dlq, rates, readBack, answering }) {
    const partitions = stats?.partitions ?? [];
    build(partitions);
    const largest = Math.max(0, ...partitions.map((one) => one.lag ?? 0));
    plan.lanes.forEach((lane, index) => drawLane(lane, partitions[index], largest));
    say(plan.more, partitions.length > LANES ? `and ${partitions.length - LANES} more` : partitions.length ? "" : "no partitions yet");
    say(plan.texts.requests, rates.requests === null ? "" : `${rate(rates.requests)} req/s`);
    say(plan.texts.back, readBack === null ? "read back" : `read back ${seconds(readBack)}`);
    say(plan.texts.events, rates.events === null ? "" : `${rate(rates.events)} ev/s`);
    say(plan.nodes.clients.sub, "HTTP");
    say(plan.nodes.cart.sub, answering ?? "decides by the log");
    say(plan.nodes.order.sub, "fold + store");
    say(plan.nodes.store.sub, stats ? `${n(stats.orders)} orders` : "");
    const open = dlq?.count ?? 0;
    say(plan.nodes.letters.sub, dlq ? `${n(open)} open` : "");
    plan.nodes.letters.box.setAttribute("class", open > 0 ? "node bad" : "node");
    plan.letterWire[0].setAttribute("class", open > 0 ? "wire bad" : "wire");
    plan.letterWire[1].setAttribute("class", open > 0 ? "tip bad" : "tip");
    const paused = partitions.filter((one) => one.paused).map((one) => one.partition);
    svg.setAttribute("aria-label", `Clients send orders to cart-service, which writes events to ${partitions.length} partitions and reads them back. order-service reads them into its store; it sends what it has to reject to the dead letters. ${paused.length ? `Paused: partition ${paused.join(", ")}.` : "No partition is paused."}`);
  }
  return { element: svg, draw, isNarrow };
}
