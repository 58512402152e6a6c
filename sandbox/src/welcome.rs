//! What the sandbox prints once it is up: the addresses, and commands to try.

use std::time::Duration;

use crate::pipeline::{DEAD_LETTERS, PARTITIONS, Pipeline, TOPIC};

/// The text that is printed.
pub fn text(pipeline: &Pipeline, took: Duration, demo: bool) -> String {
    let Pipeline {
        cart_url,
        order_url,
        registry_url,
        ..
    } = pipeline;
    let kafka = pipeline.broker.bootstrap_servers();
    let demo = if demo {
        "With --demo, orders are created and updated continuously, and an invalid record is written now and then."
    } else {
        "It is idle; with --demo, orders are created and updated continuously."
    };
    format!(
        r#"Orderlog is up ({took:.1?}). Ctrl-C stops it.

  cart-service      {cart_url}   (docs at {cart_url}/docs/)
  order-service     {order_url}   (docs at {order_url}/docs/)
  schema registry   {registry_url}
  Kafka             {kafka}   topics {TOPIC} ({PARTITIONS} partitions), {DEAD_LETTERS}

Broker and registry are in memory: nothing is kept when they end, and the broker keeps only the newest
5 MiB of each partition. {demo}

Try:

  curl -i -X POST {cart_url}/create-order -H 'content-type: application/json' -d '{{"orderId": "42", "itemsCount": 3}}'
  curl -i -X PUT {cart_url}/update-order -H 'content-type: application/json' -d '{{"orderId": "42", "status": "confirmed"}}'
  curl -i '{order_url}/order-details?orderId=42'
  curl -i '{order_url}/getAllOrderIdsFromTopic?topic={TOPIC}'
  curl -i {order_url}/stats

Write an invalid record, and see it as a dead letter:

  {program} poison --kafka-bootstrap-servers {kafka} --schema-registry-url {registry_url}
  curl -i {order_url}/dlq/messages
"#,
        program = program()
    )
}

/// The command that ran this program, to print one that runs it again.
fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "sandbox".to_owned())
}
