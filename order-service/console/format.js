// Numbers, amounts and times as people read them.

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** 12,345; a dash where nothing is known. */
export const n = (value) => (value === null || value === undefined || Number.isNaN(value) ? "–" : whole.format(value));

/** "1 order", "2 orders". */
export const plural = (count, one, many = `${one}s`) => `${n(count)} ${count === 1 ? one : many}`;

/** How many dead letters wait for somebody: "3 open", "3 open, 1 parked". */
export const waiting = ({ count, byState }) => (byState?.parked > 0 ? `${n(byState.open)} open, ${n(byState.parked)} parked` : `${n(count)} open`);

/** A rate, with a digit after the point where it matters. */
export function rate(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  return value > 0 && value < 9.95 ? value.toFixed(1) : whole.format(value);
}

/** Seconds as "0.41 ms", "1.2 s". */
export function seconds(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (value >= 1) return `${value.toFixed(1)} s`;
  const ms = value * 1000;
  return `${ms < 1 ? ms.toFixed(2) : ms < 10 ? ms.toFixed(1) : whole.format(ms)} ms`;
}

const digits = new Map();
function minorDigits(currency) {
  if (!digits.has(currency)) {
    let count = 2;
    try {
      count = new Intl.NumberFormat("en-US", { style: "currency", currency }).resolvedOptions().maximumFractionDigits;
    } catch { /* not a currency that the browser knows */ }
    digits.set(currency, count);
  }
  return digits.get(currency);
}

/** An exact decimal, a string or a number, with its currency. */
export function money(amount, currency) {
  if (amount === null || amount === undefined) return "–";
  const [left, right = ""] = String(amount).split(".");
  const grouped = left.replace(/\B(?=(\d{3})+$)/g, ",");
  const minor = right.padEnd(minorDigits(currency), "0");
  return `${grouped}${minor ? `.${minor}` : ""} ${currency ?? ""}`.trim();
}

const STEPS = [[86_400, "d"], [3_600, "h"], [60, "min"]];

/** How long ago: "3 s", "12 min", "2 d". */
export function ago(time, now = Date.now()) {
  const at = typeof time === "number" ? time : Date.parse(time);
  if (Number.isNaN(at)) return "–";
  const passed = Math.max(0, Math.round((now - at) / 1000));
  const step = STEPS.find(([length]) => passed >= length);
  return step ? `${Math.floor(passed / step[0])} ${step[1]}` : `${passed} s`;
}

/** A time of day in the viewer's time zone. */
export const clock = (time) => new Date(time).toLocaleTimeString("en-GB");

/** Date and time in the viewer's time zone. */
export function moment(time) {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return "–";
  return `${at.toLocaleDateString("en-CA")} ${at.toLocaleTimeString("en-GB")}`;
}

/** The class of a badge for an order's status. */
export const statusClass = (status) =>
  ({ new: "is-info", pending: "is-warn", confirmed: "is-good", processing: "is-info", shipped: "is-good", delivered: "is-good", cancelled: "is-bad" })[status] ?? "";

/** Outcomes of a record, in words and with their badge. */
export const OUTCOMES = {
  applied: ["applied", "is-good"], duplicate: ["duplicate", "is-info"], superseded: ["superseded", "is-warn"],
  dead_lettered: ["dead-lettered", "is-bad"], deadLettered: ["dead-lettered again", "is-bad"], parked: ["parked", "is-bad"],
  failed: ["failed", "is-bad"], wouldApply: ["would apply", "is-good"], wouldDuplicate: ["would be a duplicate", "is-info"],
  wouldSupersede: ["would be superseded", "is-warn"], wouldFail: ["would fail", "is-bad"],
};
