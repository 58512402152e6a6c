// The start of the console.

import { keepAges } from "./ages.js";
import { get } from "./api.js";
import { known, on, tell } from "./bus.js";
import { head } from "./head.js";
import { letters } from "./letters.js";
import { orderPlace } from "./orders.js";
import { overview } from "./overview.js";
import { partitions } from "./partitions.js";
import { route } from "./router.js";
import { schemas } from "./schemas.js";
import { keep } from "./series.js";
import { connect } from "./stream.js";

/** What the service says about itself; without an answer, again when the connection is there. */
async function configure() {
  try {
    const config = await get("console.json");
    // The same again is no news.
    if (JSON.stringify(config) !== JSON.stringify(known.config)) tell("config", config);
  } catch { /* the connection says so */ }
}

/** The first figures at once: those of the stream come when it is there, or something changes. */
async function first(topic, path) {
  try {
    tell(topic, await get(path));
  } catch { /* the connection says so */ }
}

function begin() {
  head();
  keepAges();
  keep();
  route({
    overview: { title: () => "Overview", render: overview },
    orders: { title: ({ id }) => (id ? `Order ${id}` : "Orders"), render: orderPlace },
    "dead-letters": { title: ({ id }) => (id ? `Dead letter ${id}` : "Dead letters"), render: letters },
    schemas: { title: () => "Schemas", render: schemas },
    partitions: { title: () => "Partitions", render: partitions },
  });
  configure();
  for (const [topic, path] of [["stats", "stats"], ["dlq", "dlq/info"], ["health", "health"]]) first(topic, path);
  on("reconnected", configure);
  connect();
}

begin();
