//! What the sandbox prints when it is up: where everything is, and lines to try.

use std::time::Duration;

use crate::pipeline::{DEAD_LETTERS, PARTITIONS, Pipeline, TOPIC};

/// The text.
pub fn text(pipeline: &Pipeline, took: Duration, demo: bool) -> String {
    let Pipeline {
        cart_url,
        order_url,
        registry_url,
        ..
    } = pipeline;
    let kafka = pipeline.broker.bootstrap_servers();
    let demo = if demo {
        "Orders are created and updated all the time, and now and then a poisoned record is written (--demo)."
    } else {
        "Nothing happens by itself; with --demo orders are created and updated all the time."
    };
    format!(
        r#"Orderlog is up ({took:.1?}). Ctrl-C stops it.

  cart-service      {cart_url}   (docs at {cart_url}/docs/)
  order-service     {order_url}   (docs at {order_url}/docs/)
  schema registry   {registry_url}
  Kafka             {kafka}   topics {TOPIC} ({PARTITIONS} partitions), {DEAD_LETTERS}

Broker and registry are in memory: they forget everything at the end, and the broker keeps only the newest
5 MiB of each partition. {demo}

Try:

  curl -i -X POST {cart_url}/create-order -H 'content-type: application/json' -d '{{"orderId": "42", "itemsCount": 3}}'
  curl -i -X PUT {cart_url}/update-order -H 'content-type: application/json' -d '{{"orderId": "42", "status": "confirmed"}}'
  curl -i '{order_url}/order-details?orderId=42'
  curl -i '{order_url}/getAllOrderIdsFromTopic?topic={TOPIC}'
  curl -i {order_url}/stats

Write a record that cannot be used, and see it as a dead letter:

  {program} poison --kafka-bootstrap-servers {kafka} --schema-registry-url {registry_url}
  curl -i {order_url}/dlq/messages
"#,
        program = program()
    )
}

/// How this program was called, for the line that calls it again.
fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "sandbox".to_owned())
}
