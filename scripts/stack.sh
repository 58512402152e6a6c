#!/usr/bin/env bash
# A real Apache Kafka and a real schema registry on this machine, without Docker.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck source-path=SCRIPTDIR source=lib/common.sh
source "$ROOT/scripts/lib/common.sh"
# shellcheck source-path=SCRIPTDIR source=lib/stack/settings.sh
source "$ROOT/scripts/lib/stack/settings.sh"
# shellcheck source-path=SCRIPTDIR source=lib/stack/processes.sh
source "$ROOT/scripts/lib/stack/processes.sh"
# shellcheck source-path=SCRIPTDIR source=lib/stack/kafka.sh
source "$ROOT/scripts/lib/stack/kafka.sh"
# shellcheck source-path=SCRIPTDIR source=lib/stack/registry.sh
source "$ROOT/scripts/lib/stack/registry.sh"
# shellcheck source-path=SCRIPTDIR source=lib/stack/network.sh
source "$ROOT/scripts/lib/stack/network.sh"
# shellcheck source-path=SCRIPTDIR source=lib/stack/brokers.sh
source "$ROOT/scripts/lib/stack/brokers.sh"
# shellcheck source-path=SCRIPTDIR source=lib/stack/commands.sh
source "$ROOT/scripts/lib/stack/commands.sh"

usage() {
  cat <<END
Runs Apache Kafka $KAFKA_VERSION (KRaft) and Apicurio Registry $APICURIO_VERSION (the Confluent API) on this machine.

usage: scripts/stack.sh COMMAND

  up [kafka|registry]       start what is not running, and wait until it answers
  down [kafka|registry]     stop; data is kept
  down --wipe               stop, and remove all data (downloads are kept)
  status                    show which servers run, and where; exit code 1 unless all of them answer
  logs [-f] [kafka|registry]
                            print the last 100 lines of each log; with -f, keep printing as lines are added
  kafka-tool CLASS ARG…     run a class from the Kafka distribution, for example
                            org.apache.kafka.tools.TopicCommand --bootstrap-server 127.0.0.1:9092 --list

  up --brokers 3            start three brokers (replication 3, min.insync.replicas 2) and a registry, each in its own
                            network namespace; Linux only, as root. Until \`down\`, the commands above apply to this
                            cluster, with broker-1, broker-2 and broker-3 instead of kafka, and these become available:
  client NAME               create a network namespace for a client unless it exists; prints its path and its address:
                            nsenter --net=PATH cart-service --api-host ADDRESS
  cut X:Y[:HOW]…            drop all packets between two of broker-1, broker-2, broker-3, registry and the clients. If HOW
                            is refuse, connections from X to Y are refused; if 1% to 99%, that share of packets is lost
  heal [X…]                 undo cuts whose first node is X; without X, all of them
  check                     exit with 1 and the reason if \`up --brokers 3\` cannot work here

environment:
  KAFKA_PORT                9092
  KAFKA_CONTROLLER_PORT     9093
  REGISTRY_PORT             8081; all three should be below the ports that the system gives to outgoing connections (on
                            Linux usually 32768 and above)
  KAFKA_HEAP_OPTS           -Xmx1g; with three brokers -Xmx300m each
  KAFKA_BEHIND_PROXY        none; LISTEN:ADVERTISED is a second listener of the broker: it listens on the first port and
                            directs clients to the second, where a proxy can delay or cut them
  KAFKA_EXTRA_PROPERTIES    none; a file with more broker settings, which override those of this script
  ORDERLOG_STACK_DIR        data, logs and pid files: .stack
  ORDERLOG_STACK_CACHE      downloads, which several stacks can share: .stack/cache
  ORDERLOG_STACK_TIMEOUT    seconds to wait for a server to answer: 120
  ORDERLOG_STACK_NET        address prefix of three brokers: 10.77.0 is 10.77.0.1 to 10.77.0.254, on this machine only

Needs Java 17 or newer, Maven and curl; three brokers also iproute2 and iptables. One broker and its registry listen on
127.0.0.1 only.
END
}

main() {
  local command=${1:-} wipe=no brokers=
  (($#)) && shift
  case $command in
    -h | --help | help)
      usage
      exit
      ;;
    up | down | status | logs | kafka-tool | client | cut | heal | check) ;;
    '') usage_error "no command given" ;;
    *) usage_error "unknown command '$command'" ;;
  esac
  # Not for kafka-tool, whose classes have a --help of their own.
  if [[ $command != kafka-tool && " $* " =~ \ (-h|--help)\  ]]; then
    usage
    exit
  fi
  resolve_stack
  case $command in
    up)
      if [[ ${1:-} == --brokers ]]; then
        brokers=${2:-}
        [[ $brokers == 1 || $brokers == 3 ]] || usage_error "up --brokers takes 1 or 3, not '$brokers'"
        shift 2
      fi
      up "$brokers" "$@"
      ;;
    down)
      if [[ ${1:-} == --wipe ]]; then
        wipe=yes
        shift
        (($# == 0)) || usage_error "down --wipe removes the data of all servers, so it takes no name"
      fi
      down "$wipe" "$@"
      ;;
    status)
      (($# == 0)) || usage_error "status takes no arguments"
      resolve_ports
      status
      ;;
    logs) logs "$@" ;;
    kafka-tool)
      (($#)) || usage_error "kafka-tool needs the name of a class"
      require java maven
      fetch fetch_kafka
      kafka_class "$@"
      ;;
    client)
      (($# == 1)) || usage_error "client needs one name"
      lock_stack
      require_cluster client
      client "$1"
      ;;
    cut)
      (($#)) || usage_error "cut needs two nodes, such as broker-1:broker-2"
      require_cluster cut
      cut_off "$@"
      ;;
    heal)
      require_cluster heal
      heal "$@"
      ;;
    check)
      (($# == 0)) || usage_error "check takes no arguments"
      require_namespaces
      say "three brokers can be started here"
      ;;
  esac
}

main "$@"
