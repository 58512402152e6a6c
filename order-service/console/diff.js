// The difference between two schemas: in sentences, and line by line.

const show = (value) => (typeof value === "string" ? value : JSON.stringify(value));

function typeText(type) {
  if (Array.isArray(type)) return type.map(typeText).join(" or ");
  if (typeof type !== "object" || type === null) return String(type);
  if (type.type === "array") return `array of ${typeText(type.items)}`;
  if (type.type === "map") return `map of ${typeText(type.values)}`;
  const logical = type.logicalType ? ` (${type.logicalType})` : "";
  return `${type.name ?? typeText(type.type)}${logical}`;
}

/** The fields of a schema by path, and the symbols of its enums, each with what is said about it. */
export function fieldsOf(schema, path = "", found = new Map()) {
  if (Array.isArray(schema)) schema.forEach((branch) => fieldsOf(branch, path, found));
  else if (typeof schema === "object" && schema !== null) {
    if (schema.type === "record") {
      for (const field of schema.fields) {
        const name = path ? `${path}.${field.name}` : field.name;
        found.set(name, { type: typeText(field.type), default: "default" in field ? show(field.default) : undefined });
        fieldsOf(field.type, name, found);
      }
    } else if (schema.type === "enum") {
      for (const symbol of schema.symbols) found.set(`${path || schema.name} symbol ${symbol}`, { symbol: true });
    } else if (schema.type === "array") fieldsOf(schema.items, `${path}[]`, found);
    else if (schema.type === "map") fieldsOf(schema.values, `${path}{}`, found);
    else if (typeof schema.type === "object") fieldsOf(schema.type, path, found);
  }
  return found;
}

/** What changed, in sentences. */
export function changes(before, now) {
  const [old, fresh] = [fieldsOf(before), fieldsOf(now)];
  const sentences = [];
  for (const [name, field] of fresh) {
    const was = old.get(name);
    if (field.symbol) {
      if (!was) sentences.push(`Adds the ${name}.`);
    } else if (!was) {
      sentences.push(`Adds the field ${name}: ${field.type}, ${field.default === undefined ? "without a default, so readers of this version cannot read older records" : `${field.default} by default`}.`);
    } else {
      if (was.type !== field.type) sentences.push(`Changes the type of ${name} from ${was.type} to ${field.type}.`);
      if (was.default !== field.default) sentences.push(`Changes the default of ${name} from ${was.default ?? "none"} to ${field.default ?? "none"}.`);
    }
  }
  for (const [name, field] of old) if (!fresh.has(name)) sentences.push(field.symbol ? `Removes the ${name}.` : `Removes the field ${name}.`);
  return sentences;
}

/** Schemas are small; beyond this many lines, line by line would cost too much. */
const MOST = 2_000;

/** Lines of `now` and `before` as `[sign, line]`: "+" added, "-" removed, " " the same (longest common subsequence). */
export function lineDiff(before, now) {
  const [a, b] = [before.split("\n"), now.split("\n")];
  if (a.length > MOST || b.length > MOST) return b.map((line) => [" ", line]);
  const width = b.length + 1;
  const common = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      common[i * width + j] = a[i] === b[j] ? common[(i + 1) * width + j + 1] + 1 : Math.max(common[(i + 1) * width + j], common[i * width + j + 1]);
    }
  }
  const lines = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push([" ", a[i]]);
      i += 1;
      j += 1;
    } else if (i < a.length && (j === b.length || common[(i + 1) * width + j] >= common[i * width + j + 1])) {
      lines.push(["-", a[i]]);
      i += 1;
    } else {
      lines.push(["+", b[j]]);
      j += 1;
    }
  }
  return lines;
}

/** Only the lines near a change; `null` stands for lines that are left out. */
export function nearChanges(lines, around = 3) {
  const near = lines.map((_, index) => lines.slice(Math.max(0, index - around), index + around + 1).some(([sign]) => sign !== " "));
  const kept = [];
  lines.forEach((line, index) => {
    if (near[index]) kept.push(line);
    else if (kept.length === 0 || kept.at(-1) !== null) kept.push(null);
  });
  return kept;
}
