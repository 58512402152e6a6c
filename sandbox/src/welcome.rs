//! What the sandbox prints once it is up: the addresses, and commands to paste into another shell.

use std::path::Path;
use std::time::Duration;

use crate::cli::Cli;
use crate::pipeline::{DEAD_LETTERS, GRACE_MS, PARTITIONS, Pipeline, TOPIC};

/// The text that is printed.
pub fn text(pipeline: &Pipeline, cli: &Cli, took: Duration) -> String {
    let Pipeline {
        cart_url,
        order_url,
        registry_url,
        bootstrap_servers: kafka,
        ..
    } = pipeline;
    let moved = match cli.kafka_port {
        0 => String::new(),
        wanted if kafka.ends_with(&format!(":{wanted}")) => String::new(),
        wanted => format!(
            "Note: port {wanted} is in use by another program, so the broker is at {kafka} instead.
Programs that use localhost:9092 by default, `poison` among them, would use that one. In their shells:

  export KAFKA_BOOTSTRAP_SERVERS={kafka}\n\n"
        ),
    };
    let traffic = if cli.demo {
        "With --demo, it creates and updates orders continuously, and writes an invalid record now and then."
    } else {
        "It is idle now; with --demo, it creates and updates orders continuously."
    };
    let own = std::env::current_exe().ok();
    let beside = own.as_ref().map(|path| path.with_file_name("order-service"));
    let (order_service, in_repository) = match beside.filter(|path| path.is_file()) {
        Some(path) => (shell_word(&path), ""),
        None => (
            "cargo run -q --release -p order-service --".to_owned(),
            ", in the repository",
        ),
    };
    format!(
        r#"Orderlog is up ({took:.1?}). Ctrl-C stops it.

  console           {order_url}/   (open it in a browser)
  cart-service      {cart_url}   (docs at {cart_url}/docs/)
  order-service     {order_url}   (docs at {order_url}/docs/)
  schema registry   {registry_url}
  Kafka (mock)      {kafka}   topics {TOPIC} ({PARTITIONS} partitions), {DEAD_LETTERS}

{moved}This is the sandbox: broker and registry are in memory, and nothing is kept when it stops.
The broker is librdkafka's mock: only for clients built on librdkafka, not for Java's client or Kafka's own tools.
It keeps only the newest 5 MiB of each partition. A schema id that the registry does not know
has {GRACE_MS} ms to appear there (outside the sandbox, order-service allows 10 s by default).
{traffic}

Create an order, update it, and see what became of it:

  curl -i -w '\n' -X POST {cart_url}/create-order -H 'content-type: application/json' -d '{{"orderId": "1001", "itemsCount": 3}}'
  curl -i -w '\n' -X PUT {cart_url}/update-order -H 'content-type: application/json' -d '{{"orderId": "1001", "status": "confirmed"}}'
  curl -i -w '\n' '{order_url}/order-details?orderId=1001&minVersion=2&waitMs=5000'
  curl -i -w '\n' '{order_url}/getAllOrderIdsFromTopic?topic={TOPIC}'
  curl -i -w '\n' {order_url}/stats

Write an invalid record, and list the dead letters:

  {program} poison --kafka-bootstrap-servers {kafka} \
    --schema-registry-url {registry_url} --order-service-url {order_url}
  curl -i -w '\n' {order_url}/dlq/messages

Use a client of your own, such as kcat, or run a service against this broker and registry. (Such a service
reports that it is degraded, because it cannot check the topic: this broker has no Admin API.)

  export KAFKA_BOOTSTRAP_SERVERS={kafka} SCHEMA_REGISTRY_URL={registry_url} ORDER_SERVICE_URL={order_url}
  kcat -b {kafka} -C -t {TOPIC} -e -f 'partition %p, offset %o, key %k\n'

With these settings{in_repository}, the events as JSON lines, and the dead letters, to look into and to replay:

  {order_service} tail
  {order_service} dlq list
  {order_service} dlq --help
"#,
        program = own.as_deref().map_or("sandbox".to_owned(), shell_word),
    )
}

/// The path as a shell takes it, whatever directory it is in.
fn shell_word(path: &Path) -> String {
    let path = path.to_string_lossy();
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+".contains(c);
    if path.chars().all(is_plain) {
        path.into_owned()
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}
