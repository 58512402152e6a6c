#!/usr/bin/env bash
# Runs the sandbox: broker, registry and both services in one process. Checks first that the build can work.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck source-path=SCRIPTDIR source=lib/common.sh
source "$ROOT/scripts/lib/common.sh"

# The program's own --help, without building the program; a test of the sandbox keeps the two in sync.
usage() {
  cat <<'END'
Runs the whole pipeline in one process, with nothing to install but a Rust toolchain: librdkafka's mock Kafka broker, a
schema registry, cart-service and order-service. Nothing is kept when it ends. Builds it first if necessary.

The broker is for clients built on librdkafka: it has no Admin API, and Java's client and Kafka's own tools do not work with
it. It keeps about 5 MiB of each partition, and drops the oldest records beyond that.

usage: scripts/run.sh [OPTIONS]
       scripts/run.sh poison [OPTIONS]   write an invalid record to a topic, and see what order-service does with it

      --cart-port <PORT>       port of cart-service [env: SANDBOX_CART_PORT] [default: 8000]
      --order-port <PORT>      port of order-service [env: SANDBOX_ORDER_PORT] [default: 8001]
      --registry-port <PORT>   port of the schema registry [env: SANDBOX_REGISTRY_PORT] [default: 8081]
      --kafka-port <PORT>      port of the broker; if it is in use, the next free one is taken
                               [env: SANDBOX_KAFKA_PORT] [default: 9092]
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
  -V, --version                print the program's version (builds the program first, if necessary)

poison:
      --kind <KIND>            what is wrong with the record [default: not-avro]:
                               empty               an empty value
                               not-avro            plain text instead of Avro
                               short               only three bytes
                               unknown-schema-id   a schema id that no registry assigns, so nothing repairs it
                               unregistered-schema a valid record of a newer schema that nobody has registered: register it, and replay
                               other-schema        a record of another schema
                               cut-off             a valid record without its last byte
                               longer              a valid record with one more byte
                               wrong-total         a total that does not add up
                               wrong-key           a key that is not the order id
                               wrong-partition     a valid record in the wrong partition
                               illegal-step        a delivered order that becomes new again
      --kafka-bootstrap-servers <HOST:PORT>
                               the broker [env: KAFKA_BOOTSTRAP_SERVERS] [default: localhost:9092]
      --kafka-topic <TOPIC>    the topic, which must exist [env: KAFKA_TOPIC] [default: order-events]
      --kafka-partitioner <RULE>
                               as above
      --schema-registry-url <URL>
                               the registry; asked only for kinds that need a schema id from it
                               [env: SCHEMA_REGISTRY_URL] [default: http://localhost:8081]
      --order-service-url <URL>
                               the order-service to ask what became of the record [env: ORDER_SERVICE_URL]
                               [default: http://localhost:8001]
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

# A mistyped argument is reported at once, and not after the build. The program checks values more closely.
check_arguments() {
  local options=${1%%$'\npoison:\n'*} poison=${1#*$'\npoison:\n'} flag value
  shift
  while (($#)); do
    flag=${1%%=*}
    case $flag in
      -V) ;;
      poison) options=$poison ;;
      --?*)
        # Followed by a blank or the end of the line: no flag is the beginning of another.
        [[ $options =~ (^|[[:space:],])"$flag"([[:space:]]|$) ]] || usage_error "unknown option $flag"
        if [[ $options != *"$flag <"* ]]; then
          [[ $1 != *=* ]] || usage_error "$flag takes no value"
          shift
          continue
        fi
        value=${1#"$flag"}
        if [[ -z $value ]]; then
          (($# > 1)) || usage_error "$flag needs a value"
          shift
          value="=$1"
        fi
        value=${value#=}
        case $options in
          *"$flag <PORT>"*) [[ $value =~ ^[0-9]+$ ]] || usage_error "$flag takes a port number, not '$value'" ;;
          # Its values are words of the help.
          *"$flag <KIND>"*) [[ $options =~ [[:space:]]"$value"(,|[[:space:]]) ]] || usage_error "there is no kind '$value'" ;;
        esac
        ;;
      *) usage_error "unexpected argument $1" ;;
    esac
    shift
  done
}
check_arguments "$(usage)" "$@"

cd "$ROOT"
ensure_toolchain
ensure build-essential pkg-config zlib1g-dev libssl-dev ca-certificates

if [[ ! -x ${CARGO_TARGET_DIR:-target}/release/sandbox ]]; then
  say "The first build takes about four minutes on two idle cores; later starts take about a second."
fi
exec cargo run --release -- "$@"
