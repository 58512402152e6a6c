#!/usr/bin/env bash
# Runs the sandbox: broker, registry and both services in one process. Checks first that the build can work.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck source-path=SCRIPTDIR source=lib/common.sh
source "$ROOT/scripts/lib/common.sh"

# The program's own --help, without building the program; a test of the sandbox keeps the two in sync.
usage() {
  cat <<'END'
Runs the whole pipeline in one process, with nothing to install but a Rust toolchain: a Kafka broker (in memory), a schema
registry, cart-service and order-service. Nothing is kept when it ends. Builds it first if necessary.

usage: scripts/run.sh [OPTIONS]
       scripts/run.sh poison [OPTIONS]   write an invalid record to a topic, to see what happens to it

      --cart-port <PORT>       port of cart-service [env: SANDBOX_CART_PORT] [default: 8000]
      --order-port <PORT>      port of order-service [env: SANDBOX_ORDER_PORT] [default: 8001]
      --registry-port <PORT>   port of the schema registry [env: SANDBOX_REGISTRY_PORT] [default: 8081]
      --kafka-partitioner <RULE>
                               how producers of the topic map keys to partitions [env: KAFKA_PARTITIONER]
                               [default: murmur2]: murmur2, crc32, fnv1a
      --allowed-hosts <ALLOWED_HOSTS>
                               host names that requests may use besides localhost, separated by commas; * allows any.
                               Default: none when bound to loopback, any otherwise [env: ALLOWED_HOSTS]
      --cors-origins <CORS_ORIGINS>
                               origins of web pages that may call the service (CORS), such as https://shop.example,
                               separated by commas; * allows any. Default: none [env: CORS_ORIGINS]
      --demo                   also create and update orders continuously, and write an invalid record now and then
  -h, --help                   print this
  -V, --version                print the version (of the program, which is built for it)

poison:
      --kind <KIND>            which fault it has [default: not-avro]: empty, not-avro, short, unknown-schema-id,
                               other-schema, cut-off, longer, wrong-total, wrong-key, wrong-partition, illegal-step
      --kafka-bootstrap-servers <HOST:PORT>
                               the broker, as the running sandbox prints it [env: KAFKA_BOOTSTRAP_SERVERS]
      --kafka-topic <TOPIC>    the topic [env: KAFKA_TOPIC] [default: order-events]
      --schema-registry-url <URL>
                               the registry; the records' schemas are registered there [env: SCHEMA_REGISTRY_URL]
                               [default: http://localhost:8081]
      --kafka-partitioner <RULE>
                               as above
END
}

for argument in "$@"; do
  case $argument in
    -h | --help | help)
      usage
      exit
      ;;
  esac
done

cd "$ROOT"
ensure_toolchain
ensure build-essential pkg-config zlib1g-dev libssl-dev ca-certificates

if [[ ! -x ${CARGO_TARGET_DIR:-target}/release/sandbox ]]; then
  say "The first build takes some minutes (about six on two cores), later ones seconds."
fi
exec cargo run --release -- "$@"
